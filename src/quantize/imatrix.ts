import type { FileHandle } from 'node:fs/promises';

import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { doesNotExist } from '../util/files/missing.js';
import { arrayAt, numberAt, stringAt, stringsAt } from '../gguf/metadata.js';
import { readGguf, type Gguf, type GgufTensor } from '../gguf/reader.js';
import { elementCount } from '../gguf/types.js';
import { quoted } from '../util/printable.js';
import { IrregularFileError, openRegularFile } from '../util/files/regular-file.js';

/**
 * An importance matrix: for each matrix of a model, how much each of its columns matters, as the mean square of the
 * activations that it was multiplied with on some calibration text. The quantizer weighs rounding errors by it.
 */
export interface Imatrix {
  /** By the name of the model's tensor; as many values as a row has. */
  readonly entries: ReadonlyMap<string, Float32Array>;
  /** How many chunks of text it was computed on. */
  readonly chunks: number;
  readonly dataset: string | undefined;
}

// That of a 405B model has 60 MB.
const MAX_BYTES = 1 << 30;

const SUMS = '.in_sum2';
const COUNTS = '.counts';

/** What is wrong with a file; `readImatrix` puts the path in front. */
class ImatrixError extends Error {}

/**
 * Reads what llama.cpp's `llama-imatrix` writes.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE, INFORM_INVALID_IMATRIX
 */
export async function readImatrix(path: string): Promise<Imatrix> {
  const file = await openImatrix(path);
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new ImatrixError('is larger than 1 GiB, which no importance matrix of a llama is');
    const magic = Buffer.alloc(4);
    await file.read(magic, 0, 4, 0);
    if (magic.toString('latin1') !== 'GGUF') {
      throw new ImatrixError(
        'is no GGUF file. An importance matrix in the older form (.dat) becomes one by: llama-imatrix --in-file OLD.dat -o NEW.gguf',
      );
    }
    const imatrix = await readGgufForm(path, file);
    if (imatrix.entries.size === 0) throw new ImatrixError('is an importance matrix without entries');
    return imatrix;
  } catch (error) {
    throw asInvalid(path, error);
  } finally {
    await file.close();
  }
}

async function openImatrix(path: string): Promise<FileHandle> {
  try {
    return await openRegularFile(path);
  } catch (error) {
    if (error instanceof IrregularFileError) {
      throw new InformError('INFORM_INPUT_UNREADABLE', `${path} ${error.message}.`, { cause: error });
    }
    const reason = systemCodeOf(error) === 'ENOENT' ? doesNotExist(path) : `cannot be read: ${messageOf(error)}`;
    throw new InformError('INFORM_INPUT_UNREADABLE', `The importance matrix ${path} ${reason}.`, { cause: error });
  }
}

function asInvalid(path: string, error: unknown): InformError {
  const advice = 'Make it again with llama-imatrix.';
  const invalid = (what: string): InformError =>
    new InformError('INFORM_INVALID_IMATRIX', `${path} ${what}. ${advice}`, { cause: error });
  if (error instanceof ImatrixError) return invalid(error.message);
  if (!(error instanceof InformError)) return invalid(`cannot be read: ${messageOf(error)}`);
  // A damaged GGUF: the reader's sentence names the path already.
  return new InformError('INFORM_INVALID_IMATRIX', error.message, { cause: error });
}

/** GGUF: for the tensor NAME, the sums of squares NAME.in_sum2 [row length, experts] and their numbers NAME.counts. */
async function readGgufForm(path: string, file: FileHandle): Promise<Imatrix> {
  const gguf = await readGguf(path);
  const { metadata } = gguf;
  const chunks = numberAt(metadata, 'imatrix.chunk_count');
  const known = chunks !== undefined && numberAt(metadata, 'imatrix.chunk_size') !== undefined;
  if (stringAt(metadata, 'general.type') !== 'imatrix' || !known || !arrayAt(metadata, 'imatrix.datasets')) {
    throw new ImatrixError('is a GGUF file, but no importance matrix');
  }
  const entries = new Map<string, Float32Array>();
  for (const { name, sums, counts } of pairs(gguf)) {
    const values = meanSquares(await readFloats(file, sums), await readFloats(file, counts), name);
    entries.set(name, checked(values, name));
  }
  return { entries, chunks, dataset: stringsAt(metadata, 'imatrix.datasets')?.[0] };
}

interface Pair {
  readonly name: string;
  readonly sums: GgufTensor;
  readonly counts: GgufTensor;
}

function pairs({ tensors }: Gguf): Pair[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const names = tensors.map(({ name }) => name.replace(/\.(in_sum2|counts)$/, ''));
  return [...new Set(names)].map((name) => {
    const sums = byName.get(name + SUMS);
    const counts = byName.get(name + COUNTS);
    if (sums?.type.name !== 'F32' || counts?.type.name !== 'F32') {
      throw new ImatrixError(`lacks the F32 tensors ${SUMS} and ${COUNTS} of ${quoted(name)}`);
    }
    return { name, sums, counts };
  });
}

async function readFloats(file: FileHandle, tensor: GgufTensor): Promise<Float32Array> {
  const values = new Float32Array(elementCount(tensor.shape));
  const bytes = new Uint8Array(values.buffer);
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, tensor.offset + filled);
    if (bytesRead === 0) throw new ImatrixError('ended while it was read');
    filled += bytesRead;
  }
  return values;
}

/** Sums divided by their counts, in F32 as llama-quantize divides them; 1 where nothing was counted. */
function meanSquares(sums: Float32Array, counts: Float32Array, name: string): Float32Array {
  const perCount = sums.length / counts.length;
  if (!Number.isInteger(perCount)) {
    throw new ImatrixError(`has ${sums.length} sums and ${counts.length} counts of ${quoted(name)}, which do not fit`);
  }
  return sums.map((sum, i) => {
    const count = Math.round(counts[Math.floor(i / perCount)] ?? 0);
    if (!(count >= 0 && count < Infinity)) throw new ImatrixError(`has an impossible count of ${quoted(name)}`);
    return count > 0 ? sum / count : 1;
  });
}

function checked(values: Float32Array, name: string): Float32Array {
  const wrong = values.find((value) => !(value >= 0 && value < Infinity));
  if (wrong === undefined) return values;
  throw new ImatrixError(`holds ${wrong} in ${quoted(name)}, where only finite numbers of at least 0 make sense`);
}
