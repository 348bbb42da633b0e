import { open } from 'node:fs/promises';
import { ggufNumber, ggufString } from '../gguf/metadata.js';
import type { ConversionType, WantedType } from '../gguf/model-types.js';
import type { GgufValue } from '../gguf/types.js';
import { writeFully } from '../util/files/atomic-file.js';
import { layOut, type CheckpointOutline } from './convert.js';

/** A GGUF file that can be planned with. */
export interface HollowModel {
  /** What `auto` became, or what was asked for. */
  readonly type: ConversionType;
  /** As large as the conversion, but for the tokenizer. */
  readonly bytes: number;
  /** How many there are, the head's too. */
  readonly weights: number;
}

/**
 * Writes the GGUF file that a conversion would give, all of it but the weights, and the tokenizer where none is given: the weights are
 * a hole that reads as zeros and takes no space on the disk. llama.cpp plans with it as with the whole file.
 *
 * @throws InformError what `planTensors` throws of a checkpoint that cannot be converted
 */
export async function writeHollowModel(
  path: string,
  outline: CheckpointOutline,
  wanted: WantedType,
  tokenizer: Iterable<readonly [string, GgufValue]> = noTokenizer(outline),
): Promise<HollowModel> {
  const { files, type, weights } = layOut(outline, tokenizer, path, { type: wanted });
  let bytes = 0;
  for (const { path: file, layout } of files) {
    await using handle = await open(file, 'w');
    await handle.truncate(layout.totalBytes);
    await writeFully(handle, layout.header, 0);
    bytes += layout.totalBytes;
  }
  return { type, bytes, weights };
}

function noTokenizer({ config: { backbone, vocabSize } }: CheckpointOutline): [string, GgufValue][] {
  return [
    // llama.cpp's word for a model without one; it then takes the number of tokens from beside it.
    ['tokenizer.ggml.model', ggufString('none')],
    [`${backbone.architecture}.vocab_size`, ggufNumber('uint32', vocabSize)],
  ];
}
