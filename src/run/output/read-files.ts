import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { STDIN } from '../../input/source.js';
import { DEMO, embeddedModel } from '../../models/embedded-model.js';
import type { RunOptions } from '../../options/table.js';
import { entryOf } from '../../util/files/file-errors.js';
import type { ReadFile } from './output-paths.js';

/** The files of a checkpoint, by their endings: what else lies in its folder may be somebody's output. */
const CHECKPOINT_FILE = /\.(?:safetensors|bin|json|jinja|model|txt|gguf|ya?ml)$/;
const SPLIT_FILE = /-\d{5}-of-\d{5}\.gguf$/;

/** All files on this disk that a run reads, as far as its options name them. */
export async function readFilesOf(
  options: RunOptions,
  inputs: readonly string[],
  config: string | undefined,
): Promise<ReadFile[]> {
  const named: [as: string, name: string | undefined][] = [
    ['the model', options.model === DEMO ? await embeddedModel() : options.model],
    ['the score head', options.scoreHead],
    ['the chat template', options.chatTemplate],
    ['the configuration', config],
  ];
  const files = inputs.filter((input) => input !== STDIN).map((input): ReadFile => ({ as: 'the input', path: input }));
  for (const [as, name] of named) {
    if (name !== undefined) files.push(...(await filesOf(name)).map((file) => ({ as, path: file })));
  }
  return files;
}

/** The file itself, all parts of a split model, or the files of a checkpoint's folder; none for what is not on this disk. */
async function filesOf(name: string): Promise<string[]> {
  const entry = await entryOf(name).catch(() => undefined);
  if (entry === undefined) return [];
  if (entry.isDirectory()) return entriesOf(name, (file) => CHECKPOINT_FILE.test(file));
  if (!SPLIT_FILE.test(name)) return [name];
  const base = path.basename(name).replace(SPLIT_FILE, '');
  return entriesOf(path.dirname(name), (file) => file.startsWith(base) && SPLIT_FILE.test(file));
}

async function entriesOf(folder: string, wanted: (file: string) => boolean): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter(wanted).map((file) => path.join(folder, file));
}
