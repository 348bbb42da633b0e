import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';

import { chooseQuantizedType, weightsOf } from '../convert/choose-type.js';
import { InformError } from '../errors.js';
import { writeFilesAtomically, type TemporaryFile } from '../util/files/atomic-file.js';
import { HEAD_TENSOR, isHeadTensor } from '../gguf/head-tensors.js';
import { checkIsModel } from '../gguf/reward-model-file.js';
import { checkNewFile } from '../util/files/new-file.js';
import { numberAt } from '../gguf/metadata.js';
import { readGguf } from '../gguf/reader.js';
import { readGgufModel, type GgufModel, type ModelTensor } from '../gguf/split-model.js';
import { TensorHashes, TENSORS_HASH, TENSORS_HASH_PLACEHOLDER, writeTensorsHash } from '../gguf/tensors-hash.js';
import { DEFAULT_ALIGNMENT } from '../gguf/types.js';
import { unwritable } from '../util/files/file-errors.js';
import type { QuantizerJob } from './child.js';
import { readImatrix, type Imatrix } from './imatrix.js';
import { runQuantizer } from './quantizer.js';
import { fileTypeName, fileTypeOf, type QuantizedType, type WantedQuantizedType } from '../gguf/model-types.js';

export interface QuantizeOptions {
  readonly type: WantedQuantizedType;
  /** The file of an importance matrix. */
  readonly imatrix?: string | undefined;
  readonly threads: number;
  readonly overwrite?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { bytesWritten: number; totalBytes: number }) => void) | undefined;
}

export interface QuantizeResult {
  readonly type: QuantizedType;
  /** What a user should know of the type, a sentence. */
  readonly note: string | undefined;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly hasHead: boolean;
  /** The layers' matrices that the importance matrix says nothing about; [] without one. */
  readonly withoutImportance: readonly string[];
}

const PROGRESS_INTERVAL_MS = 250;

/**
 * Quantizes a GGUF file of F32, F16 or BF16 weights with llama.cpp's own quantizer. The score head keeps its types and
 * bytes, the metadata stays, and `general.file_type` says the new type. A split input becomes one file.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_MODEL_FILE, INFORM_UNSUPPORTED_MODEL (quantized already, or
 *   no llama), INFORM_INPUT_UNREADABLE and INFORM_INVALID_IMATRIX (the importance matrix), INFORM_OUTPUT_UNWRITABLE,
 *   INFORM_QUANTIZE_FAILED, INFORM_ABORTED
 */
export async function quantizeModel(input: string, output: string, options: QuantizeOptions): Promise<QuantizeResult> {
  const model = await readGgufModel(input, { wantArray: () => false });
  checkIsModel(model);
  checkNotQuantized(model);
  const sources = [
    ...model.shards.map(({ path }) => path),
    ...(options.imatrix === undefined ? [] : [options.imatrix]),
  ];
  await checkNewFile(output, sources, options.overwrite ?? false);
  const imatrix = options.imatrix === undefined ? undefined : await readImatrix(options.imatrix);
  const importance = imatrix === undefined ? [] : importanceFor(model, imatrix, options.imatrix ?? '');

  const { type, note } = chooseQuantizedType(options.type, weightsOf(model.tensors));
  const job: QuantizerJob = {
    input,
    output,
    fileType: fileTypeOf(type),
    threads: options.threads,
    dryRun: true,
    importance,
    metadata: {
      ...alignmentOverride(model),
      [TENSORS_HASH]: TENSORS_HASH_PLACEHOLDER,
      ...(imatrix ? imatrixMetadata(imatrix, options.imatrix ?? '') : {}),
    },
  };
  const totalBytes = expectedBytes(model, await runQuantizer(job, options.signal));
  await writeFilesAtomically([{ path: output, bytes: totalBytes }], async ([file]) => {
    if (file === undefined) return;
    const timer = setInterval(() => {
      void file.handle.stat().then(
        ({ size }) => options.onProgress?.({ bytesWritten: Math.min(size, totalBytes), totalBytes }),
        () => undefined,
      );
    }, PROGRESS_INTERVAL_MS);
    try {
      await runQuantizer({ ...job, output: file.path, dryRun: false }, options.signal);
    } catch (error) {
      throw isWriteError(error) ? incomplete(output, error) : error;
    } finally {
      clearInterval(timer);
    }
    if (!(await isComplete(file.path, model))) throw incomplete(output);
    await addTensorsHash(file, options.signal);
  });
  const covered = new Set(importance.map(({ tensor }) => tensor));
  return {
    type,
    note,
    inputBytes: model.fileSize,
    outputBytes: (await stat(output)).size,
    hasHead: model.tensors.some(({ name }) => name === HEAD_TENSOR.outputWeight),
    withoutImportance: imatrix ? layerMatrices(model).filter((name) => !covered.has(name)) : [],
  };
}

/** llama.cpp's quantizer writes the file, so it has to be read once to be hashed. */
async function addTensorsHash({ path, handle }: TemporaryFile, signal: AbortSignal | undefined): Promise<void> {
  const { tensors } = await readGguf(path, { wantArray: () => false });
  const hashes = new TensorHashes();
  await hashes.read(
    tensors.map((tensor) => ({ ...tensor, file: path })),
    { signal },
  );
  const header = Buffer.alloc(Math.min(...tensors.map(({ offset }) => offset)));
  const file = await open(path, 'r');
  try {
    await file.read(header, 0, header.length, 0);
  } finally {
    await file.close();
  }
  await writeTensorsHash(handle, header, hashes.sum());
}

function checkNotQuantized({ path, metadata, tensors }: GgufModel): void {
  const quantized = tensors.filter(({ name, type }) => !isHeadTensor(name) && type.blockSize > 1);
  const [first] = quantized;
  if (first === undefined) return;
  const fileType = fileTypeName(numberAt(metadata, 'general.file_type') ?? -1) ?? first.type.name;
  throw new InformError(
    'INFORM_UNSUPPORTED_MODEL',
    `${path} is quantized already (${fileType}, ${quantized.length} tensors), and quantizing it again would lose accuracy a second time. Start from an F32, F16 or BF16 file.`,
  );
}

/** llama.cpp lays its output out with the default alignment, but copies what the input says about its own. */
function alignmentOverride({ metadata }: GgufModel): Record<string, number> {
  const alignment = numberAt(metadata, 'general.alignment') ?? DEFAULT_ALIGNMENT;
  return alignment === DEFAULT_ALIGNMENT ? {} : { 'general.alignment': DEFAULT_ALIGNMENT };
}

/** The keys and types that llama-quantize writes; of paths only the file's name, which is all that means something elsewhere. */
function imatrixMetadata({ entries, chunks, dataset }: Imatrix, path: string): Record<string, string | number> {
  return {
    'quantize.imatrix.file': fitting(basename(path)),
    ...(dataset === undefined ? {} : { 'quantize.imatrix.dataset': fitting(dataset) }),
    'quantize.imatrix.entries_count': entries.size,
    'quantize.imatrix.chunks_count': chunks,
  };
}

const MAX_OVERRIDE_BYTES = 127; // of llama_model_kv_override's texts, without the zero at the end

/** As much of a text as fits, in whole characters. */
function fitting(text: string): string {
  let fits = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_OVERRIDE_BYTES) break;
    fits += character;
  }
  return fits;
}

/** The importance matrix as the quantizer takes it, once it is known to belong to the model. */
function importanceFor(model: GgufModel, { entries }: Imatrix, path: string): QuantizerJob['importance'] {
  const tensors = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const known = [...entries].flatMap(([name, values]) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? [] : [{ tensor, values }];
  });
  for (const { tensor, values } of known) {
    if (values.length !== tensor.shape[0]) {
      throw notOfThisModel(
        `${path} has ${values.length} values for ${tensor.name}, whose rows have ${tensor.shape[0] ?? 1} in ${model.path}`,
      );
    }
  }
  if (known.length === 0) throw notOfThisModel(`${path} has no entry for any tensor of ${model.path}`);
  return known.map(({ tensor, values }) => ({ tensor: tensor.name, values }));
}

function notOfThisModel(what: string): InformError {
  return new InformError('INFORM_INVALID_IMATRIX', `${what}: it was made from another model.`);
}

function layerMatrices({ tensors }: GgufModel): string[] {
  return tensors.filter(isLayerMatrix).map(({ name }) => name);
}

function isLayerMatrix({ name, shape }: ModelTensor): boolean {
  return name.startsWith('blk.') && shape.length === 2;
}

/** From the log of a dry run. llama.cpp gives mebibytes with two decimals; padding and header are as in the input. */
function expectedBytes(model: GgufModel, log: readonly string[]): number {
  const [, mebibytes] = /quant size\s*=\s*([\d.]+) MiB/.exec(log.join('\n')) ?? [];
  if (mebibytes === undefined) throw new InformError('INFORM_INTERNAL', 'llama.cpp did not log the size to expect.');
  const headers = model.shards.reduce((sum, { dataOffset }) => sum + dataOffset, 0);
  return Math.ceil(Number(mebibytes) * 2 ** 20) + headers + model.tensors.length * DEFAULT_ALIGNMENT;
}

/** What C++ streams throw names their category in every standard library, and no more than that. */
function isWriteError(error: unknown): boolean {
  return error instanceof InformError && error.code === 'INFORM_QUANTIZE_FAILED' && error.message.includes('iostream');
}

/** Where the streams do not report a full disk, llama.cpp ends as if all were well. The header is written last. */
async function isComplete(written: string, model: GgufModel): Promise<boolean> {
  return readGguf(written, { wantArray: () => false }).then(
    ({ tensors }) => tensors.length === model.tensors.length,
    () => false,
  );
}

function incomplete(output: string, cause?: unknown): InformError {
  return unwritable(output, 'could not be written to its end: the disk is full. Make room and run again.', cause);
}
