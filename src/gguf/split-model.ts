import { InformError, systemCodeOf } from '../errors.js';
import { numberAt } from './metadata.js';
import { readGguf, type Gguf, type GgufTensor, type ReadGgufOptions } from './reader.js';
import type { GgufMetadata } from './types.js';

// llama.cpp's format of models in several files: the first holds the metadata, each says its place among them.
export const SPLIT_KEYS = {
  no: 'split.no', // uint16, from 0
  count: 'split.count', // uint16
  tensorsCount: 'split.tensors.count', // int32, of all shards together
} as const;

/** A tensor of a model, and the file that holds its data. */
export interface ModelTensor extends GgufTensor {
  readonly file: string;
}

/** A model in one GGUF file or in several, as one. */
export interface GgufModel {
  /** The file, or the first shard. */
  readonly path: string;
  readonly shards: readonly Gguf[];
  /** Size of all parts together in bytes. */
  readonly fileSize: number;
  /** Without what only says how the model is split. */
  readonly metadata: GgufMetadata;
  readonly tensors: readonly ModelTensor[];
}

/** The file of shard `no` (from 0) of `count`, by the names llama.cpp looks for (`llama_split_path` in llama.h). */
export function shardPath(prefix: string, no: number, count: number): string {
  return `${prefix}${shardSuffix(no, count)}`;
}

/** The files of the model that begins with `path`, by its name alone: itself, or all shards in order. */
export function splitPaths(path: string): string[] {
  const [, prefix = '', count = ''] = /^(.+)-00001-of-(\d{5})\.gguf$/.exec(path) ?? [];
  if (prefix === '') return [path];
  return Array.from({ length: Number(count) }, (_, no) => shardPath(prefix, no, Number(count)));
}

/**
 * Reads the headers of a model: those of all its shards where it is split.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND (a shard is missing, or another than the first was named),
 *   INFORM_INVALID_MODEL_FILE (shards that do not belong together, and what `readGguf` refuses)
 */
export async function readGgufModel(path: string, options: ReadGgufOptions = {}): Promise<GgufModel> {
  const first = await readGguf(path, options);
  const count = splitNumber(first, SPLIT_KEYS.count) ?? 1;
  const shards = count > 1 ? [first, ...(await readFollowing(first, count, options))] : [first];
  const tensors = shards.flatMap((shard) => shard.tensors.map((tensor) => ({ ...tensor, file: shard.path })));
  if (count > 1) checkTensors(first, tensors);
  return {
    path,
    shards,
    fileSize: shards.reduce((sum, { fileSize }) => sum + fileSize, 0),
    metadata: new Map([...first.metadata].filter(([key]) => !Object.values<string>(SPLIT_KEYS).includes(key))),
    tensors,
  };
}

async function readFollowing(first: Gguf, count: number, options: ReadGgufOptions): Promise<Gguf[]> {
  const prefix = prefixOf(first, count);
  const shards: Gguf[] = [];
  for (let no = 1; no < count; no++) {
    const path = shardPath(prefix, no, count);
    const shard = await readGguf(path, options).catch((error: unknown) => {
      throw isMissing(error) ? missingShard(path, first, count, error) : error;
    });
    if (splitNumber(shard, SPLIT_KEYS.no) !== no || splitNumber(shard, SPLIT_KEYS.count) !== count) {
      throw invalid(path, `does not say that it is shard ${no + 1} of ${count}: it belongs to another model.`);
    }
    shards.push(shard);
  }
  return shards;
}

/** What comes before `-00001-of-00003.gguf`. */
function prefixOf(first: Gguf, count: number): string {
  const { path } = first;
  const no = splitNumber(first, SPLIT_KEYS.no) ?? 0;
  const suffix = shardSuffix(no, count);
  if (!path.endsWith(suffix) || path.length === suffix.length) {
    throw new InformError(
      'INFORM_MODEL_NOT_FOUND',
      `${path} is shard ${no + 1} of ${count}, and the others are found by their names. Name it NAME${suffix}, and the others alike.`,
    );
  }
  const prefix = path.slice(0, -suffix.length);
  if (no !== 0) {
    throw new InformError(
      'INFORM_MODEL_NOT_FOUND',
      `${path} is shard ${no + 1} of ${count}. Name the first one: ${shardPath(prefix, 0, count)}`,
    );
  }
  return prefix;
}

function shardSuffix(no: number, count: number): string {
  const digits = (number: number): string => String(number).padStart(5, '0');
  return `-${digits(no + 1)}-of-${digits(count)}.gguf`;
}

/** llama.cpp aborts where these have another type. */
function splitNumber(shard: Gguf, key: string): number | undefined {
  const entry = shard.metadata.get(key);
  if (entry !== undefined && entry.type !== 'uint16') {
    throw invalid(shard.path, `stores ${key} as ${entry.type} instead of uint16. Split the model again.`);
  }
  return numberAt(shard.metadata, key);
}

function checkTensors(first: Gguf, tensors: readonly ModelTensor[]): void {
  const expected = numberAt(first.metadata, SPLIT_KEYS.tensorsCount);
  if (expected !== tensors.length) {
    throw invalid(
      first.path,
      `should have ${expected ?? 'an unknown number of'} tensors in all its shards, but they hold ${tensors.length}: they are of different models. Download all of them again.`,
    );
  }
  const files = new Map<string, string>();
  for (const { name, file } of tensors) {
    const other = files.get(name);
    if (other !== undefined) {
      throw invalid(
        file,
        `and ${other} both hold the tensor ${JSON.stringify(name.slice(0, 80))}: they are of different models.`,
      );
    }
    files.set(name, file);
  }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof InformError && error.code === 'INFORM_MODEL_NOT_FOUND' && systemCodeOf(error.cause) === 'ENOENT'
  );
}

function missingShard(path: string, first: Gguf, count: number, cause: unknown): InformError {
  const message = `${path} is missing: ${first.path} is the first of ${count} shards. Put all of them into one folder.`;
  return new InformError('INFORM_MODEL_NOT_FOUND', message, { cause });
}

function invalid(path: string, what: string): InformError {
  return new InformError('INFORM_INVALID_MODEL_FILE', `${path} ${what}`);
}
