import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DEMO } from './embedded-model.js';
import { InformError } from '../errors.js';
import { KNOWN_MODELS } from './known-models.js';
import { didYouMean, nearestName } from '../util/nearest-name.js';
import { doesNotExist } from '../util/files/missing.js';
import { printable } from '../util/printable.js';
import { parseHubId } from './hub/hub-id.js';

// A name that is neither a file nor a folder here, and what may have been meant by it.

/** An address of a model's page, with or without its scheme, up to the id. */
const HUB_ADDRESS = /^(?:https?:\/\/)?(?:www\.)?(?:huggingface|hf)\.co\/([^/?#]+\/[^/?#]+)(?:[/?#]|$)/;

/** INFORM_MODEL_NOT_FOUND for a name that is no id of the hub either. */
export function missingPath(model: string, cause: unknown): InformError {
  const id = idWritten(model);
  const what = id === undefined ? doesNotExist(model) : 'does not exist';
  const remedy = id ?? `Check the path of the model.${nearestModel(model)}`;
  return new InformError('INFORM_MODEL_NOT_FOUND', `${printable(model)} ${what}. ${remedy}`, { cause });
}

/**
 * Asks a hub for a model whose name may have been meant as a path: where the hub does not have it, the error says so.
 *
 * @throws what `ask` throws
 */
export async function askForMissing(model: string, ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    const isRefusal = error instanceof InformError && REFUSALS.has(error.code);
    if (!isRefusal) throw error;
    const known = didYouMean(
      model,
      KNOWN_MODELS.map(({ id }) => id).filter((id) => id !== model),
    );
    const here = `There is no file or folder ${model} here either: if a path was meant, check it.${known}`;
    throw new InformError(error.code, `${error.message} ${here}`, { cause: error.cause });
  }
}

const REFUSALS = new Set<InformError['code']>(['INFORM_MODEL_NOT_FOUND', 'INFORM_DOWNLOAD_FAILED']);

/** " Did you mean …?" with the embedded model, or with what lies where the model was looked for. */
function nearestModel(model: string): string {
  const folder = path.dirname(model);
  const isHere = folder === '.';
  const meant = nearestName(path.basename(model), [...(isHere ? [DEMO] : []), ...namesIn(folder)]);
  if (meant === undefined) return '';
  return ` Did you mean "${printable(isHere ? meant : path.join(folder, meant))}"?`;
}

/** What of a folder may be a model: GGUF files, and folders. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.name.toLowerCase().endsWith('.gguf'))
      .map(({ name }) => name);
  } catch {
    return []; // there is no such folder
  }
}

/** How the id is written that an address of the hub, or another tool's name for a model, holds. */
function idWritten(model: string): string | undefined {
  const [, fromAddress] = HUB_ADDRESS.exec(model) ?? [];
  const [name = '', tag] = (fromAddress ?? model).split(':');
  const id = parseHubId(name);
  if (id === undefined || (fromAddress === undefined && tag === undefined)) return undefined;
  const type = tag === undefined ? '' : `, and its type apart from it: ${tag.toLowerCase()}`;
  return `A model of the hub is named by its id: ${id.repository}${printable(type)}.`;
}
