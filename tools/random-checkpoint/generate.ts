import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TEST_GEOMETRY, FIRST_SPECIAL_TOKEN, VOCABULARY_SIZE, type Geometry } from './geometry.js';
import { writeSafetensors, type SafetensorsSource } from './safetensors-writer.js';
import {
  EOS_TOKEN,
  llama31SpecialTokens,
  readBaseVocabulary,
  specialTokensMap,
  tokenizerConfig,
  tokenizerJson,
} from './tokenizer-files.js';
import { TEST_SEED, generateWeights } from './weights.js';

export interface GenerateOptions {
  /** llama.cpp's models/ggml-vocab-llama-bpe.gguf. */
  readonly vocabFile: string;
  /** The chat template, llama.cpp's models/templates/meta-llama-Llama-3.1-8B-Instruct.jinja. */
  readonly templateFile: string;
  readonly geometry?: Geometry;
  readonly seed?: number;
}

/**
 * Writes a Hugging Face checkpoint folder of the class INFORMForSequenceClassification: random weights in BF16 in two
 * shards, and the real tokenizer and chat template of Llama 3.1. The same arguments give the same bytes. Memory stays
 * at a few megabytes of weights, whatever the geometry.
 */
export async function generateCheckpoint(folder: string, options: GenerateOptions): Promise<void> {
  const geometry = options.geometry ?? TEST_GEOMETRY;
  const vocabulary = await readBaseVocabulary(options.vocabFile);
  const chatTemplate = await readFile(options.templateFile, 'utf8');
  await mkdir(folder, { recursive: true });
  await writeJson(folder, 'config.json', modelConfig(geometry));
  await writeJson(folder, 'tokenizer.json', tokenizerJson(vocabulary));
  await writeJson(folder, 'tokenizer_config.json', tokenizerConfig(chatTemplate));
  await writeJson(folder, 'special_tokens_map.json', specialTokensMap());
  const tensors = generateWeights(geometry, options.seed ?? TEST_SEED);
  // Two shards, as every checkpoint of a size that matters has several: the embeddings, and the rest.
  await writeShards(folder, [tensors.slice(0, 1), tensors.slice(1)]);
}

/** config.json */
export function modelConfig(geometry: Geometry): Record<string, unknown> {
  const { hiddenSize, feedForwardSize, layerCount, headCount, kvHeadCount } = geometry;
  const endOfTurn = FIRST_SPECIAL_TOKEN + llama31SpecialTokens().indexOf(EOS_TOKEN);
  return {
    architectures: [
      geometry.head === 'one-layer' ? 'LlamaForSequenceClassification' : 'INFORMForSequenceClassification',
    ],
    attention_bias: false,
    attention_dropout: 0,
    bos_token_id: FIRST_SPECIAL_TOKEN,
    eos_token_id: endOfTurn,
    head_dim: geometry.headDim ?? hiddenSize / headCount,
    hidden_act: 'silu',
    hidden_size: hiddenSize,
    id2label: { 0: 'LABEL_0' }, // how transformers writes num_labels: 1
    initializer_range: 0.02,
    intermediate_size: feedForwardSize,
    label2id: { LABEL_0: 0 },
    max_position_embeddings: 131072,
    mlp_bias: false,
    model_type: 'llama',
    num_attention_heads: headCount,
    num_hidden_layers: layerCount,
    num_key_value_heads: kvHeadCount,
    // A pad id that occurs in every sample: whoever picks the scored token by it picks the wrong one.
    pad_token_id: endOfTurn,
    pretraining_tp: 1,
    rms_norm_eps: 1e-5,
    rope_scaling: {
      factor: 8,
      high_freq_factor: 4,
      low_freq_factor: 1,
      original_max_position_embeddings: 8192,
      rope_type: 'llama3',
    },
    rope_theta: 500000,
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
    use_cache: false,
    vocab_size: geometry.vocabularySize ?? VOCABULARY_SIZE,
  };
}

/** Writes the weights in shards and the index that says which tensor is where. */
export async function writeShards(folder: string, shards: readonly (readonly SafetensorsSource[])[]): Promise<void> {
  const weightMap: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const name = `model-${fiveDigits(index + 1)}-of-${fiveDigits(shards.length)}.safetensors`;
    await writeSafetensors(join(folder, name), shard);
    for (const tensor of shard) weightMap[tensor.name] = name;
  }
  const totalSize = shards.flat().reduce((sum, tensor) => sum + tensor.byteLength, 0);
  await writeJson(folder, 'model.safetensors.index.json', {
    metadata: { total_size: totalSize },
    weight_map: weightMap,
  });
}

function fiveDigits(number: number): string {
  return String(number).padStart(5, '0');
}

export async function writeJson(folder: string, name: string, value: object): Promise<void> {
  await writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}
