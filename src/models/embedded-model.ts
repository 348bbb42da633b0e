import { access } from 'node:fs/promises';
import path from 'node:path';
import { InformError } from '../errors.js';
import { packageRoot } from '../util/package-root.js';

/**
 * The path of inform-mini, the small trained model that the package ships. docs/inform-mini.md says what it is.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND where the package is not whole
 */
export async function embeddedModel(): Promise<string> {
  const file = path.join(packageRoot(), 'models', 'inform-mini.gguf');
  try {
    await access(file);
  } catch (cause) {
    throw new InformError('INFORM_MODEL_NOT_FOUND', `The embedded model ${file} is missing. Reinstall inform-score.`, {
      cause,
    });
  }
  return file;
}
