import { FAILSAFE_SCHEMA, load } from 'js-yaml';

import { messageOf } from '../errors.js';
import { ggufNumber, ggufString, ggufStrings } from '../gguf/metadata.js';
import type { GgufValue } from '../gguf/types.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { invalidCheckpoint, objectIn, type JsonObject } from './checkpoint-file.js';

const MAX_CARD_CHARACTERS = 1 << 20; // the front matter comes first; what a longer card says after it is not read
const MAX_ENTRIES = 256; // of a list: benchmarks' language lists are the longest
const MAX_CHARACTERS = 1000; // of one entry

/**
 * What a checkpoint's model card says about its licence and origin, under the keys of llama.cpp's converter
 * (gguf-py/gguf/metadata.py: apply_metadata_heuristic). The card is README.md, and its facts are the YAML between two
 * lines of `---` at its top. Versions are not taken out of names, as the converter does. A checkpoint without a card is fine.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT (a card that cannot be read)
 */
export async function modelCardMetadata(files: CheckpointFiles): Promise<[string, GgufValue][]> {
  const card = await readCard(files);
  if (card === undefined) return [];
  const text = (key: string, value: unknown): [string, GgufValue][] => {
    const entries = stringsIn(value);
    return entries.length === 0 ? [] : [[key, ggufString(entries.join(','))]];
  };
  const list = (key: string, ...values: unknown[]): [string, GgufValue][] => {
    const entries = values.flatMap(stringsIn);
    return entries.length === 0 ? [] : [[key, ggufStrings(entries)]];
  };
  return [
    ...text('general.license', card['license']),
    ...text('general.license.name', card['license_name']),
    ...text('general.license.link', card['license_link']),
    ...origins('general.base_model', stringsIn(card['base_model'] ?? card['base_models'])),
    ...origins('general.dataset', stringsIn(card['datasets'] ?? card['dataset'])),
    ...list('general.tags', card['tags'], card['pipeline_tag']),
    ...list('general.languages', card['languages'], card['language']),
  ];
}

/** The front matter, every scalar of it as the text that it is: `no` is a language here, and 3.1 a version. */
async function readCard(files: CheckpointFiles): Promise<JsonObject | undefined> {
  const path = files.path('README.md');
  const text = ((await files.text('README.md')) ?? '').slice(0, MAX_CARD_CHARACTERS);
  const [, frontMatter] = /^---\r?\n(.*?\n)---(?:\r?\n|$)/s.exec(text) ?? [];
  if (frontMatter === undefined) return undefined;
  try {
    // Some cards are indented by tabs, which YAML forbids.
    return objectIn(load(frontMatter.replaceAll('\t', '  '), { schema: FAILSAFE_SCHEMA, json: true }));
  } catch (error) {
    throw invalidCheckpoint(
      `${path} begins with YAML that cannot be read (${messageOf(error).split('\n', 1).join('')}). Repair or remove it.`,
      { cause: error },
    );
  }
}

/** A string or a list of them, as model cards have either; what is neither is left out. */
function stringsIn(value: unknown): string[] {
  const entries: unknown[] = Array.isArray(value) ? value.slice(0, MAX_ENTRIES) : [value];
  return entries
    .filter((entry): entry is string => typeof entry === 'string' && !/^(?:~|null)?$/i.test(entry))
    .map((entry) => entry.slice(0, MAX_CHARACTERS));
}

/** What a model was made of: each a name on the hub (`owner/name`), an address, or some other text. */
function origins(prefix: string, ids: readonly string[]): [string, GgufValue][] {
  if (ids.length === 0) return [];
  const entries = ids.flatMap((id, index): [string, GgufValue][] => {
    const isAddress = /^(?:https?|ssh):\/\//.test(id);
    const name = isAddress ? /^https?:\/\/huggingface\.co\/([^/]+\/[^/]+)$/.exec(id)?.[1] : id;
    const [, owner, model = name] = /^([^/.\s][^/\s]*)\/(\S+)$/.exec(name ?? '') ?? [];
    const facts = {
      name: model === undefined ? undefined : asTitle(model),
      organization: owner === undefined ? undefined : asTitle(owner),
      repo_url: isAddress ? id : owner === undefined ? undefined : hubAddress(id),
    };
    return Object.entries(facts).flatMap(([key, value]): [string, GgufValue][] =>
      value === undefined ? [] : [[`${prefix}.${index}.${key}`, ggufString(value)]],
    );
  });
  return [[`${prefix}.count`, ggufNumber('uint32', ids.length)], ...entries];
}

/** The page of a repository (`owner/name`) on the Hugging Face hub. */
export function hubAddress(repository: string): string {
  return `https://huggingface.co/${repository}`;
}

/** `meta-llama` as `Meta Llama`: words in lower case get a capital, versions and numbers stay. */
function asTitle(name: string): string {
  return name
    .replaceAll('-', ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) =>
      word !== word.toLowerCase() || /^(?:v\d+(?:\.\d+)*|\d.*)$/.test(word)
        ? word
        : word.replace(/\p{L}+/gu, (letters) => letters.charAt(0).toUpperCase() + letters.slice(1)),
    )
    .join(' ');
}
