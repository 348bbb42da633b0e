import { stat } from 'node:fs/promises';
import path from 'node:path';
import { InformError, messageOf } from '../../errors.js';
import { stringAt } from '../../gguf/metadata.js';
import { readGguf } from '../../gguf/reader.js';
import { boundedTextOf } from '../../util/files/bounded-text.js';
import { openRegularFile } from '../../util/files/regular-file.js';
import type { AskOptions } from '../hub/ask-hub.js';
import { parseHubId, type HubId } from '../hub/hub-id.js';

/** A model card, and where it is from. */
export interface ModelCard {
  readonly name: string;
  readonly text: string;
}

const CARD = 'README.md';
const MAX_CARD_BYTES = 4 << 20;

/**
 * The card of a model: of its folder or its repository on the hub; of a GGUF file the one of the repository that it says it was made
 * from.
 *
 * @param named a file to take in place of all these
 * @throws InformError INFORM_MODEL_NOT_FOUND where there is none, and what asking the hub throws
 */
export async function findCard(model: string, named: string | undefined, options: AskOptions): Promise<ModelCard> {
  if (named !== undefined) return { name: named, text: await readCard(named) };
  const entry = await stat(model).catch(() => undefined);
  if (entry?.isDirectory() === true) {
    const file = path.join(model, CARD);
    return { name: file, text: await readCard(file) };
  }
  const id = entry === undefined ? parseHubId(model) : await sourceOf(model);
  if (id !== undefined) return hubCard(id, options);
  throw new InformError(
    'INFORM_MODEL_NOT_FOUND',
    `${model} does not say which repository it was made from, so its card is not known. Name the card's file with --card.`,
  );
}

/** A conversion that was made from the hub says so. */
async function sourceOf(model: string): Promise<HubId | undefined> {
  const { metadata } = await readGguf(model, { wantArray: () => false });
  const address = stringAt(metadata, 'general.source.repo_url');
  const [, repository] = /^https?:\/\/[^/]+\/([\w.-]+\/[\w.-]+)$/.exec(address ?? '') ?? [];
  return repository === undefined ? undefined : parseHubId(repository);
}

async function hubCard(id: HubId, options: AskOptions): Promise<ModelCard> {
  const [{ fetchFile }, { formatHubId }] = await Promise.all([
    import('../hub/fetch-file.js'),
    import('../hub/hub-id.js'),
  ]);
  const file = await fetchFile(id, CARD, options);
  return { name: `the card of ${formatHubId(id)}`, text: await readCard(file) };
}

async function readCard(file: string): Promise<string> {
  try {
    const handle = await openRegularFile(file);
    try {
      const text = await boundedTextOf(handle, MAX_CARD_BYTES);
      if (text !== undefined) return text;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const reason = messageOf(error);
    throw new InformError(
      'INFORM_MODEL_NOT_FOUND',
      `The model card ${file} cannot be read (${reason}). Name another file with --card.`,
      { cause: error },
    );
  }
  throw new InformError(
    'INFORM_MODEL_NOT_FOUND',
    `${file} is larger than a model card is. Name another file with --card.`,
  );
}
