import { InformError } from '../errors.js';
import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import { copyTensors } from '../gguf/copy-tensors.js';
import { isHeadTensor } from '../gguf/head-tensors.js';
import { checkIsModel, modelNames, sizeAt, vocabularySizeOf } from '../gguf/reward-model-file.js';
import { stringAt } from '../gguf/metadata.js';
import { checkNewFile } from '../util/files/new-file.js';
import { readGgufModel, type GgufModel } from '../gguf/split-model.js';
import {
  normalizerEntries,
  spacePrefixEntries,
  spacePrefixOfFile,
  tokenizerRulesOf,
  truncationEntries,
  withoutRowEntries,
} from '../gguf/scoring-rules.js';
import { templateTokensEntries } from '../gguf/template-tokens.js';
import { TensorHashes, tensorsHashPlaceholder, writeTensorsHash, type TensorData } from '../gguf/tensors-hash.js';
import { tensorByteLength, type GgufValue } from '../gguf/types.js';
import { layoutGguf } from '../gguf/writer.js';
import type { HeadSource } from './head.js';
import { tokenizerDifferences } from './compare-tokenizers.js';
import { openHead } from './head-source.js';

export interface AttachOptions {
  readonly overwrite?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { bytesWritten: number; totalBytes: number }) => void) | undefined;
}

export interface AttachResult {
  readonly outputBytes: number;
  /** What the two are called, where that makes it doubtful that they belong together. */
  readonly differentNames: { readonly backbone: string; readonly head: string } | undefined;
  /** In what their tokenizers and chat templates differ, a sentence each. */
  readonly differences: readonly string[];
}

/**
 * Gives a model file without a score head the head of another GGUF file or of a checkpoint folder: one file with the
 * backbone's metadata and tensors as they are, the head's tensors in their own types, and what says how it is applied.
 *
 * @throws InformError what `openHead` and `readGgufModel` throw, INFORM_UNSUPPORTED_MODEL (no model that can be scored, a
 *   head is there already, or the two are of models of different sizes), INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function attachHead(
  backbonePath: string,
  headPath: string,
  output: string,
  { overwrite = false, signal, onProgress }: AttachOptions = {},
): Promise<AttachResult> {
  const backbone = await readGgufModel(backbonePath);
  checkIsModel(backbone);
  if (backbone.tensors.some(({ name }) => isHeadTensor(name))) {
    throw new InformError(
      'INFORM_UNSUPPORTED_MODEL',
      `${backbonePath} has a score head already; score with it as it is.`,
    );
  }
  const head = await openHead(headPath);
  checkArchitectures(backbone, head);
  checkSizes(backbone, head);
  const sources = [...backbone.shards.map(({ path }) => path), ...head.data.map(({ file }) => file)];
  await checkNewFile(output, sources, overwrite);

  // Our layout has the default alignment, whatever the backbone's was.
  const kept = [...backbone.metadata].filter(([key]) => key !== 'general.alignment');
  const metadata = new Map([...kept, ...head.metadata, ...tokenizerEntries(head), tensorsHashPlaceholder()]);
  const { header, offsets, totalBytes } = layoutGguf(metadata, [...backbone.tensors, ...head.tensors]);
  await writeFilesAtomically([{ path: output, bytes: totalBytes }], async ([file]) => {
    if (file === undefined) return;
    await file.handle.truncate(totalBytes);
    await writeFully(file.handle, header, 0);
    const headOffsets = offsets.slice(backbone.tensors.length);
    await head.write(file, headOffsets, signal);
    const hashes = new TensorHashes();
    await hashes.read(head.tensors.map((tensor, index) => writtenData(tensor, file.path, headOffsets[index] ?? 0)));
    let bytesWritten = header.length;
    await copyTensors(backbone.tensors, file.handle, offsets, {
      signal,
      hashes,
      onBytes: (bytes) => {
        bytesWritten += bytes;
        onProgress?.({ bytesWritten, totalBytes });
      },
    });
    await writeTensorsHash(file.handle, Buffer.from(header), hashes.sum());
  });
  const { tokenizer } = head.model;
  return {
    outputBytes: totalBytes,
    differentNames: differentNames(backbone, head),
    differences: tokenizer === undefined ? [] : tokenizerDifferences(backbone.metadata, tokenizer),
  };
}

/** From which end texts are cut, how they are changed before, and which special tokens the template sees: what no other converter writes. */
function tokenizerEntries({ model: { tokenizer }, path }: HeadSource): [string, GgufValue][] {
  if (tokenizer === undefined) return [];
  const { truncationSide, normalizer, tokensWithoutRow } = tokenizerRulesOf(tokenizer, path);
  return [
    ...truncationEntries(truncationSide),
    ...withoutRowEntries(tokensWithoutRow),
    ...normalizerEntries(normalizer, tokenizer),
    ...(normalizer === 'spaces' ? spacePrefixEntries(spacePrefixOfFile(tokenizer, path)) : []),
    ...templateTokensEntries(tokenizer),
  ];
}

function checkArchitectures({ path, metadata }: GgufModel, head: HeadSource): void {
  const own = stringAt(metadata, 'general.architecture');
  if (own === head.model.architecture) return;
  throw new InformError(
    'INFORM_UNSUPPORTED_MODEL',
    `The head in ${head.path} belongs to a ${head.model.architecture}, but ${path} is a ${own ?? 'model of no kind'}. Name the head of the same model.`,
  );
}

function writtenData({ name, shape, type }: HeadSource['tensors'][number], file: string, offset: number): TensorData {
  return { name, file, offset, byteLength: tensorByteLength(type, shape) };
}

function checkSizes(backbone: GgufModel, { path, model }: HeadSource): void {
  const sizes: [what: string, backbone: number | undefined, head: number | undefined][] = [
    ['a hidden size', sizeAt(backbone.metadata, 'embedding_length'), model.hiddenSize],
    ['a number of layers', sizeAt(backbone.metadata, 'block_count'), model.layerCount],
    ['a vocabulary', vocabularySizeOf(backbone), model.vocabularySize],
  ];
  for (const [what, own, heads] of sizes) {
    if (own !== undefined && heads !== undefined && own !== heads) {
      throw new InformError(
        'INFORM_UNSUPPORTED_MODEL',
        `The head in ${path} belongs to a model with ${what} of ${heads}, but ${backbone.path} has ${own}. Name the head of the same model.`,
      );
    }
  }
}

/** Files are called differently all the time, so names only make doubtful what sizes do not exclude. */
function differentNames(backbone: GgufModel, { model }: HeadSource): AttachResult['differentNames'] {
  const [own = '', heads = ''] = [modelNames(backbone), model.names].map((names) => names[0]);
  const agree = modelNames(backbone).some((a) => model.names.some((b) => isSameName(a, b)));
  return own === '' || heads === '' || agree ? undefined : { backbone: own, head: heads };
}

/** `https://huggingface.co/infly/INF-ORM-Llama3.1-70B`, `INF ORM Llama3.1 70B` and `inf-orm-llama3.1-70b-bf16` agree. */
function isSameName(a: string, b: string): boolean {
  const [x, y] = [a, b].map((name) =>
    (name.split('/').findLast((part) => part !== '') ?? '').toLowerCase().replace(/[^a-z0-9]/g, ''),
  );
  return x !== undefined && y !== undefined && x !== '' && y !== '' && (x.includes(y) || y.includes(x));
}
