import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { llamaVocabularyFiles } from '../../tools/random-checkpoint/vocabulary-files.js';
import { generateCheckpoint } from '../../tools/random-checkpoint/generate.js';
import { VOCABULARY_SIZE, type Geometry } from '../../tools/random-checkpoint/geometry.js';
import { RandomStream, normalDeviates } from '../../tools/random-checkpoint/random.js';
import { writeSafetensors, type SafetensorsSource } from '../../tools/random-checkpoint/safetensors-writer.js';

const PATTERN_BYTES = 16 << 20;
const TINY = { hiddenSize: 16, feedForwardSize: 32, layerCount: 1, headCount: 2, kvHeadCount: 1 };

/**
 * Writes a BF16 checkpoint of INF-ORM's class with a geometry of any size, as fast as the disk takes it: the weights are one
 * pattern of normally distributed values, over and over. It converts and quantizes like a real one; its scores mean nothing.
 * The backbone and the head lie in shards of their own.
 *
 * @returns the weights' bytes
 */
export async function writeSyntheticCheckpoint(folder: string, geometry: Geometry): Promise<number> {
  // The tokenizer's files and all keys of config.json come from a tiny checkpoint.
  await generateCheckpoint(folder, { ...(await llamaVocabularyFiles()), geometry: TINY });
  for (const shard of ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'])
    rmSync(path.join(folder, shard));
  const config = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  writeJson(folder, 'config.json', { ...config, ...sizesOf(geometry) });

  const shards = { 'backbone.safetensors': backbone(geometry), 'head.safetensors': head(geometry) };
  const weightMap: Record<string, string> = {};
  let bytes = 0;
  for (const [shard, tensors] of Object.entries(shards)) {
    await writeSafetensors(path.join(folder, shard), tensors);
    for (const { name, byteLength } of tensors) {
      weightMap[name] = shard;
      bytes += byteLength;
    }
  }
  writeJson(folder, 'model.safetensors.index.json', { metadata: { total_size: bytes }, weight_map: weightMap });
  return bytes;
}

function sizesOf({ hiddenSize, feedForwardSize, layerCount, headCount, kvHeadCount }: Geometry): object {
  return {
    head_dim: hiddenSize / headCount,
    hidden_size: hiddenSize,
    intermediate_size: feedForwardSize,
    num_attention_heads: headCount,
    num_hidden_layers: layerCount,
    num_key_value_heads: kvHeadCount,
  };
}

function backbone({
  hiddenSize: h,
  feedForwardSize: ffn,
  layerCount,
  headCount,
  kvHeadCount,
}: Geometry): SafetensorsSource[] {
  const kv = (h / headCount) * kvHeadCount;
  return [
    weights('model.embed_tokens.weight', [VOCABULARY_SIZE, h]),
    ...Array.from({ length: layerCount }, (_, layer) => [
      weights(`model.layers.${layer}.input_layernorm.weight`, [h]),
      weights(`model.layers.${layer}.self_attn.q_proj.weight`, [h, h]),
      weights(`model.layers.${layer}.self_attn.k_proj.weight`, [kv, h]),
      weights(`model.layers.${layer}.self_attn.v_proj.weight`, [kv, h]),
      weights(`model.layers.${layer}.self_attn.o_proj.weight`, [h, h]),
      weights(`model.layers.${layer}.post_attention_layernorm.weight`, [h]),
      weights(`model.layers.${layer}.mlp.gate_proj.weight`, [ffn, h]),
      weights(`model.layers.${layer}.mlp.up_proj.weight`, [ffn, h]),
      weights(`model.layers.${layer}.mlp.down_proj.weight`, [h, ffn]),
    ]).flat(),
    weights('model.norm.weight', [h]),
  ];
}

function head({ hiddenSize: h }: Geometry): SafetensorsSource[] {
  return [
    weights('score.0.weight', [h, h]),
    weights('score.0.bias', [h]),
    weights('score.2.weight', [1, h]),
    weights('score.2.bias', [1]),
  ];
}

let pattern: Uint8Array | undefined;

function weights(name: string, shape: readonly number[]): SafetensorsSource {
  const byteLength = shape.reduce((product, size) => product * size, 2);
  return {
    name,
    dtype: 'BF16',
    shape,
    byteLength,
    *chunks() {
      pattern ??= normalPattern();
      for (let start = 0; start < byteLength; start += pattern.length)
        yield pattern.subarray(0, Math.min(pattern.length, byteLength - start));
    },
  };
}

/** BF16 values of deviation 0.02, as trained weights have. */
function normalPattern(): Uint8Array {
  const words = new Uint32Array(Float32Array.from(normalDeviates(), (deviate) => deviate * 0.02).buffer);
  const stream = new RandomStream(1, 'bench');
  const values = new Uint16Array(PATTERN_BYTES / 2);
  for (let i = 0; i < values.length; i++) values[i] = (words[stream.next() >>> 16] ?? 0) >>> 16;
  return new Uint8Array(values.buffer);
}

function writeJson(folder: string, name: string, value: object): void {
  writeFileSync(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}
