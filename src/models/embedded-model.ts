import { access } from 'node:fs/promises';
import path from 'node:path';
import { InformError } from '../errors.js';
import { installedPackage, packageRoot } from '../util/package-root.js';

/** The name of the embedded model. */
export const DEMO = 'demo';

/** Said wherever scores of the embedded model are shown. */
export const DEMO_NOTICE =
  'The embedded model, inform-mini, is a demonstration, not a judge of your data: docs/inform-mini.md says what it learned.';

const FILE = 'inform-mini.gguf';

/** What npm installs it as; a clone has the file itself. */
export const MODEL_PACKAGE = '@inform-score/inform-mini';

/**
 * The path of inform-mini, the small trained model. docs/inform-mini.md says what it is.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND where the package is not whole
 */
export async function embeddedModel(): Promise<string> {
  const own = path.join(packageRoot(), 'models', FILE);
  if (await isThere(own)) return own;
  const folder = installedPackage(MODEL_PACKAGE);
  const file = folder === undefined ? undefined : path.join(folder, FILE);
  if (file !== undefined && (await isThere(file))) return file;
  throw new InformError(
    'INFORM_MODEL_NOT_FOUND',
    `The embedded model is missing: ${FILE} lies neither in ${path.dirname(own)} nor in the package ${MODEL_PACKAGE}. Reinstall inform-score.`,
  );
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
