import { headMetadata } from '../convert/metadata.js';
import { InformError } from '../errors.js';
import { copyTensors } from '../gguf/copy-tensors.js';
import { architectureOf, modelNames, sizeAt, vocabularySizeOf } from '../gguf/reward-model-file.js';
import { numberAt, stringAt } from '../gguf/metadata.js';
import { readGgufModel, type GgufModel, type ModelTensor } from '../gguf/split-model.js';
import { HEAD_KEY, promptRulesOf, readTokenOf, scaleOf } from '../gguf/scoring-rules.js';
import { elementCount } from '../gguf/types.js';
import type { HeadSource } from './head.js';
import { HEAD_TENSOR, HEAD_TENSORS, type HeadTensor } from '../gguf/head-tensors.js';

const FORMAT = 1;

/** The head of a GGUF file, or of a split one. */
export async function openGgufHead(path: string): Promise<HeadSource> {
  const model = await readGgufModel(path);
  const named = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const find = (name: HeadTensor): ModelTensor | undefined => named.get(name);
  const hidden = find(HEAD_TENSOR.hiddenWeight);
  checkDeclared(model, hidden !== undefined);
  const hiddenSize = checkShapes(path, find);
  const tensors = HEAD_TENSORS.map(find).filter((tensor): tensor is ModelTensor => tensor !== undefined);
  return {
    path,
    model: {
      architecture: architectureOf(model.metadata),
      hiddenSize,
      layerCount: sizeAt(model.metadata, 'block_count'),
      vocabularySize: vocabularySizeOf(model),
      names: modelNames(model),
      tokenizer: model.metadata.has('tokenizer.ggml.tokens') ? model.metadata : undefined,
    },
    metadata: headMetadata({
      architecture: architectureOf(model.metadata),
      className: stringAt(model.metadata, HEAD_KEY.className),
      hasHiddenLayer: hidden !== undefined,
      readToken: readTokenOf(model.metadata, path),
      prompt: promptRulesOf(model.metadata, path),
      scale: scaleOf(model.metadata, path),
    }),
    tensors,
    data: tensors,
    write: async ({ handle }, offsets, signal) => {
      await copyTensors(tensors, handle, offsets, { signal });
    },
  };
}

/** What `check_declared_format` in native/engine/scoring/score_head.cpp demands before it scores with a head. */
function checkDeclared({ path, metadata }: GgufModel, hasHiddenLayer: boolean): void {
  const format = numberAt(metadata, HEAD_KEY.format) ?? FORMAT;
  if (format !== FORMAT) {
    throw unsupported(path, `has format ${format}, but this version reads format 1. Update inform-score`);
  }
  const activation = stringAt(metadata, HEAD_KEY.activation);
  if (hasHiddenLayer && activation !== 'relu') {
    throw unsupported(path, `has the activation ${JSON.stringify(activation ?? 'unknown')}, but only "relu" is known`);
  }
}

/** How long the hidden states are that the head takes. */
function checkShapes(path: string, find: (name: HeadTensor) => ModelTensor | undefined): number {
  const output = find(HEAD_TENSOR.outputWeight);
  if (output === undefined) {
    throw new InformError(
      'INFORM_MODEL_HAS_NO_HEAD',
      `${path} has no score head (no tensor ${HEAD_TENSOR.outputWeight}). Name a file or a checkpoint folder that has one.`,
    );
  }
  const [columns, rows = 1] = find(HEAD_TENSOR.hiddenWeight)?.shape ?? [];
  const width = columns === undefined ? elementCount(output.shape) : rows;
  const expected: Partial<Record<HeadTensor, number>> = {
    [HEAD_TENSOR.hiddenWeight]: (columns ?? 0) * width,
    [HEAD_TENSOR.hiddenBias]: width,
    [HEAD_TENSOR.outputWeight]: width,
    [HEAD_TENSOR.outputBias]: 1,
  };
  for (const name of HEAD_TENSORS) {
    const tensor = find(name);
    if (tensor !== undefined && elementCount(tensor.shape) !== expected[name]) {
      throw unsupported(path, `has the shape [${tensor.shape.join(', ')}] in ${name}, which gives no single reward`);
    }
  }
  return columns ?? width;
}

function unsupported(path: string, what: string): InformError {
  return new InformError('INFORM_UNSUPPORTED_MODEL', `The score head in ${path} ${what}.`);
}
