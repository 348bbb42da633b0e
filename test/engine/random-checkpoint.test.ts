import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { openCheckpointFolder } from '#src/convert/weights.js';
import { llamaVocabularyFiles } from '../../tools/random-checkpoint/vocabulary-files.js';
import { generateCheckpoint } from '../../tools/random-checkpoint/generate.js';
import { normalDeviates, RandomStream } from '../../tools/random-checkpoint/random.js';
import { llama31SpecialTokens } from '../../tools/random-checkpoint/tokenizer-files.js';
import { stringsAt } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import { expectError } from '../support/assert/expect-error.js';
import { ggufBytes } from '../support/models/gguf-bytes.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

// The native build puts llama.cpp's vocabulary file beside the addon.
const sources = await llamaVocabularyFiles().catch(() => undefined);
const testWithVocabulary = testIf(sources !== undefined);

const SMALL = { hiddenSize: 16, feedForwardSize: 24, layerCount: 2, headCount: 4, kvHeadCount: 2 };

test('streams of one seed and name are the same; another seed or another name gives another', () => {
  const draw = (seed: number, name: string): number[] => {
    const stream = new RandomStream(seed, name);
    return Array.from({ length: 100 }, () => stream.next());
  };
  assert.equal(draw(1, 'a'), draw(1, 'a'));
  const firstOf = (streams: number[][]): Set<number | undefined> => new Set(streams.map(([first]) => first));
  assert.is(firstOf(['', 'a', 'b', 'ab', 'ba'].map((name) => draw(1, name))).size, 5);
  assert.is(firstOf([0, 1, 2, 3, 2 ** 31].map((seed) => draw(seed, 'a'))).size, 5);
});

test('random numbers have the moments of their distributions', () => {
  const stream = new RandomStream(1, 'moments');
  const uniforms = Array.from({ length: 100_000 }, () => stream.uniform());
  assert.ok(uniforms.every((value) => value > 0 && value < 1));
  assert.ok(Math.abs(mean(uniforms) - 0.5) < 0.005);
  assert.ok(Math.abs(mean(stream.signs(100_000))) < 0.02);

  const normals = normalDeviates();
  assert.ok(Math.abs(mean(normals)) < 0.02);
  assert.ok(Math.abs(mean(normals.map((x) => x ** 2)) - 1) < 0.03);
  assert.ok(Math.abs(mean(normals.map((x) => x ** 4)) - 3) < 0.2);
});

test('the special tokens are those of Llama 3.1', () => {
  const tokens = llama31SpecialTokens();
  assert.is(tokens.length, 256);
  assert.is(new Set(tokens).size, 256);
  // As in meta-llama/Llama-3.1-70B-Instruct's tokenizer_config.json.
  const known = {
    128000: '<|begin_of_text|>',
    128001: '<|end_of_text|>',
    128002: '<|reserved_special_token_0|>',
    128003: '<|reserved_special_token_1|>',
    128004: '<|finetune_right_pad_id|>',
    128005: '<|reserved_special_token_2|>',
    128006: '<|start_header_id|>',
    128007: '<|end_header_id|>',
    128008: '<|eom_id|>',
    128009: '<|eot_id|>',
    128010: '<|python_tag|>',
    128011: '<|reserved_special_token_3|>',
    128255: '<|reserved_special_token_247|>',
  };
  for (const [id, token] of Object.entries(known)) assert.is(tokens[Number(id) - 128000], token);
});

testWithVocabulary('the same seed gives the same bytes, another seed other weights', async () => {
  assert.ok(sources);
  const root = tempFolder();
  const contents = async (name: string, seed: number): Promise<Map<string, Buffer>> => {
    const folder = join(root, name);
    await generateCheckpoint(folder, { ...sources, geometry: SMALL, seed });
    return new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]));
  };
  const [first, again, other] = [await contents('a', 1), await contents('b', 1), await contents('c', 2)];
  assert.equal([...first.keys()], [...again.keys()]);
  for (const [file, bytes] of first) assert.ok(again.get(file)?.equals(bytes), file);
  const weights = 'model-00001-of-00002.safetensors';
  assert.not.ok(other.get(weights)?.equals(first.get(weights) ?? Buffer.alloc(0)));
});

testWithVocabulary('the checkpoint has every tensor of the model, in BF16, with varied finite values', async () => {
  assert.ok(sources);
  const folder = join(tempFolder(), 'checkpoint');
  await generateCheckpoint(folder, { ...sources, geometry: SMALL });
  const checkpoint = await openCheckpointFolder(new CheckpointFiles(folder));
  assert.is(checkpoint.tensors.size, 1 + 2 * 9 + 1 + 4);
  assert.equal(checkpoint.tensors.get('model.embed_tokens.weight')?.shape, [128256, 16]);
  assert.equal(checkpoint.tensors.get('model.layers.1.self_attn.k_proj.weight')?.shape, [8, 16]);
  assert.equal(checkpoint.tensors.get('score.2.weight')?.shape, [1, 16]);
  for (const tensor of checkpoint.tensors.values()) {
    assert.is(tensor.dtype, 'BF16');
    const shard = readFileSync(await checkpoint.obtain(tensor.file));
    const bytes = Uint8Array.from(shard.subarray(tensor.offset, tensor.offset + tensor.byteLength));
    const halves = new Uint16Array(bytes.buffer);
    assert.ok(
      halves.every((half) => (half & 0x7f80) !== 0x7f80 && (half & 0x7fff) !== 0),
      tensor.name,
    );
    assert.ok(new Set(halves).size > halves.length / 4 || new Set(halves).size > 1000, tensor.name);
  }
});

testWithVocabulary("the vocabulary is llama.cpp's, with the special tokens of 3.1", async () => {
  assert.ok(sources);
  const original = stringsAt((await readGguf(sources.vocabFile)).metadata, 'tokenizer.ggml.tokens') ?? [];
  const model = stringsAt((await readGguf(await testModel('bf16'))).metadata, 'tokenizer.ggml.tokens') ?? [];
  assert.is(model.length, 128256);
  const differing = model.flatMap((token, id) => (token === original[id] ? [] : [id]));
  assert.ok(differing.every((id) => id >= 128000));
  assert.ok(differing.includes(128004));
});

test('a vocabulary file that is none', async () => {
  const folder = tempFolder();
  const vocabFile = fileIn(folder, 'vocab.gguf', ggufBytes({}));
  const templateFile = fileIn(folder, 'template.jinja', '');
  await expectError('INFORM_INVALID_MODEL_FILE', /does not hold the vocabulary of Llama 3/, () =>
    generateCheckpoint(join(folder, 'out'), { vocabFile, templateFile }),
  );
  assert.not.ok(existsSync(join(folder, 'out')));
});

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
}

test.run();
