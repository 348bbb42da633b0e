import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ggufNumber, ggufString } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import type { GgufMetadata, GgufValue } from '#src/gguf/types.js';
import { attachHead, type AttachOptions, type AttachResult } from '#src/head/attach.js';
import { RewardModel } from '#src/index.js';
import { quantizeModel } from '#src/quantize/quantize.js';
import { expectError } from '../support/assert/expect-error.js';
import { entry, ggufBytes, tensorInfo, text, u32 } from '../support/models/gguf-bytes.js';
import { CLASS_CHECKPOINTS } from '../support/models/class-checkpoints.js';
import {
  classCheckpoint,
  classModel,
  editGguf,
  oddCheckpoint,
  oddModel,
  testCheckpoint,
  testModel,
} from '../support/models/models.js';
import { ODD_CHECKPOINTS } from '../support/models/odd-checkpoints.js';
import { splitGguf } from '../support/models/split-gguf.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { tensorsOf } from '../support/models/tensor-bytes.js';

const FOLDER = tempFolder();
process.env['INFORM_CACHE_DIR'] = path.join(FOLDER, 'cache');
const HEADS = path.join(FOLDER, 'cache', 'heads');
const MODEL = await testModel('bf16');
const CHECKPOINT = await testCheckpoint();
const SAMPLE = { instruction: 'What is 2+2?', output: '4' };

function inFolder(name: string): string {
  return path.join(FOLDER, name);
}

/** The model as a conversion that dropped the head makes it. */
async function withoutHead(model: string, name: string): Promise<string> {
  return editGguf(model, inFolder(name), {
    keep: ({ name }) => !name.startsWith('cls.'),
    metadata: (metadata) => new Map([...metadata].filter(([key]) => !/^inform\.|pooling_type/.test(key))),
  });
}

const BACKBONE = await withoutHead(MODEL, 'backbone.gguf');

let outputs = 0;

/** Into a new file, or the one that `options` name. */
async function attach(
  backbone: string,
  head: string,
  options: AttachOptions = {},
): Promise<AttachResult & { output: string }> {
  const output = inFolder(`out-${outputs++}.gguf`);
  return { ...(await attachHead(backbone, head, output, options)), output };
}

async function score(model: string, scoreHead?: string): Promise<number> {
  const loaded = await RewardModel.load(model, { scoreHead });
  try {
    return await loaded.score(SAMPLE);
  } finally {
    await loaded.close();
  }
}

function sorted(metadata: GgufMetadata): [string, GgufValue][] {
  return [...metadata].sort(([a], [b]) => (a < b ? -1 : 1));
}

const TEMPLATE_TOKENS = 'inform.template.special_tokens';

/** Everything is as the converter made it in one go. */
async function assertSameModel(found: string, expected: string, without?: string): Promise<void> {
  assert.equal(await tensorsOf(found), await tensorsOf(expected));
  const [own, others] = [(await readGguf(found)).metadata, (await readGguf(expected)).metadata];
  assert.equal(sorted(own), sorted(new Map([...others].filter(([key]) => key !== without))));
}

/** Only what attach needs: config.json, the index and the shard with the head. */
function headOnlyCheckpoint(name: string): string {
  const folder = inFolder(name);
  mkdirSync(folder);
  for (const file of ['config.json', 'model.safetensors.index.json', 'model-00002-of-00002.safetensors']) {
    copyFileSync(path.join(CHECKPOINT, file), path.join(folder, file));
  }
  return folder;
}

test('a backbone and its checkpoint are the model that the converter makes', async () => {
  const { output, outputBytes, differentNames } = await attach(BACKBONE, CHECKPOINT);
  await assertSameModel(output, MODEL);
  assert.is(outputBytes, readFileSync(output).length);
  assert.is(differentNames, undefined);
  assert.is(await score(output), await score(MODEL));
});

test('of the checkpoint only the shard with the head need be there', async () => {
  const { output } = await attach(BACKBONE, headOnlyCheckpoint('partial'));
  await assertSameModel(output, MODEL, TEMPLATE_TOKENS);
});

test("the head of a GGUF file: another model's, a split one's", async () => {
  await assertSameModel((await attach(BACKBONE, MODEL)).output, MODEL);
  const [first = ''] = await splitGguf(MODEL, inFolder('split'), 4);
  await assertSameModel((await attach(BACKBONE, first)).output, MODEL);
});

test('split and quantized backbones', async () => {
  const [first = ''] = await splitGguf(BACKBONE, inFolder('split-backbone'), 3);
  await assertSameModel((await attach(first, CHECKPOINT)).output, MODEL);

  const [quantizedBackbone, quantized] = [inFolder('backbone-q4.gguf'), inFolder('q4.gguf')];
  await quantizeModel(BACKBONE, quantizedBackbone, { type: 'q4_k_m', threads: 2 });
  await quantizeModel(MODEL, quantized, { type: 'q4_k_m', threads: 2 });
  const { output } = await attach(quantizedBackbone, CHECKPOINT);
  assert.is(await score(output), await score(quantized));
});

test('a checkpoint folder as score_head: its head is kept in the cache as long as its weights do not change', async () => {
  const folder = headOnlyCheckpoint('as-score-head');
  const expected = await score(MODEL);
  assert.is(await score(BACKBONE, folder), expected);
  const kept = readdirSync(HEADS);
  assert.is(kept.length, 1);
  assert.is(await score(BACKBONE, folder), expected);
  assert.is(await score(BACKBONE, CHECKPOINT), expected);
  assert.equal(readdirSync(HEADS), kept);

  // score.2.bias, the last weight of the file by name; any other value gives another score.
  const shard = path.join(folder, 'model-00002-of-00002.safetensors');
  const bytes = readFileSync(shard);
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE()))) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const [start = 0] = header['score.2.bias']?.data_offsets ?? [];
  bytes.writeUInt16LE(0x4100, 8 + Number(bytes.readBigUInt64LE()) + start); // 8 in BF16
  writeFileSync(shard, bytes);
  assert.is.not(await score(BACKBONE, folder), expected);
  assert.is(readdirSync(HEADS).length, 2);

  // A file with a head and nothing else.
  const alone = path.join(HEADS, kept[0] ?? '');
  assert.is(await score(BACKBONE, alone), expected);
  // It knows no tokenizer, and so not what the converter alone says of one.
  await assertSameModel((await attach(BACKBONE, alone)).output, MODEL, TEMPLATE_TOKENS);
});

for (const odd of ODD_CHECKPOINTS.filter(({ name }) => name.startsWith('one-layer'))) {
  test(`a head without a hidden layer: ${odd.name}`, async () => {
    const model = await oddModel(odd, 'bf16');
    const backbone = await withoutHead(model, `backbone-${odd.name}.gguf`);
    await assertSameModel((await attach(backbone, await oddCheckpoint(odd))).output, model);
    await assertSameModel((await attach(backbone, model)).output, model);
    assert.is(await score(backbone, await oddCheckpoint(odd)), await score(model));
  });
}

test("a Mistral's window, and where its tokenizer puts a space, come with the head", async () => {
  const made = CLASS_CHECKPOINTS.find(({ name }) => name === 'mistral-pieces');
  assert.ok(made);
  const [model, checkpoint] = [await classModel(made, 'f32'), await classCheckpoint(made)];
  // As llama.cpp's converter writes it.
  const others = await editGguf(await withoutHead(model, 'mistral.gguf'), inFolder('others.gguf'), {
    metadata: (metadata) =>
      new Map([
        ...[...metadata].filter(([key]) => key !== 'tokenizer.ggml.add_space_prefix'),
        ['llama.context_length', ggufNumber('uint32', 32768)],
      ]),
  });
  const { output } = await attach(others, checkpoint);
  const [ours, attached] = [await readGguf(model), await readGguf(output)];
  for (const key of ['llama.context_length', 'tokenizer.ggml.add_space_prefix', 'inform.tokenizer.space_prefix']) {
    assert.equal(attached.metadata.get(key), ours.metadata.get(key), key);
  }
  await expectError('INFORM_INVALID_CONFIG', /up to 4096 tokens/, () =>
    RewardModel.load(others, { scoreHead: checkpoint, maxLength: 4097 }),
  );
});

test('score_head of another size is refused', async () => {
  const odd = ODD_CHECKPOINTS.find(({ name }) => name === 'one-layer');
  assert.ok(odd);
  const folder = await oddCheckpoint(odd);
  await expectError('INFORM_UNSUPPORTED_MODEL', /64.*128/, () => RewardModel.load(BACKBONE, { scoreHead: folder }));
  await expectError('INFORM_INVALID_CHECKPOINT', /config\.json is missing/, () =>
    RewardModel.load(BACKBONE, { scoreHead: FOLDER }),
  );
});

test('names that differ are told, and never forbidden', async () => {
  const named = async (name: string): Promise<AttachResult['differentNames']> => {
    const backbone = await editGguf(BACKBONE, inFolder('named.gguf'), {
      metadata: (metadata) => new Map([...metadata, ['general.name', ggufString(name)]]),
    });
    return (await attach(backbone, inFormCheckpoint)).differentNames;
  };
  const inFormCheckpoint = headOnlyCheckpoint('named');
  const config = path.join(inFormCheckpoint, 'config.json');
  const content = JSON.parse(readFileSync(config, 'utf8')) as Record<string, unknown>;
  writeFileSync(config, JSON.stringify({ ...content, _name_or_path: 'infly/INF-ORM-Llama3.1-70B' }));
  for (const name of ['INF ORM Llama3.1 70B', 'inf-orm-llama3.1-70b-bf16']) assert.is(await named(name), undefined);
  assert.equal(await named('Meta-Llama-3.1-70B-Instruct'), {
    backbone: 'Meta-Llama-3.1-70B-Instruct',
    head: 'infly/INF-ORM-Llama3.1-70B',
  });
});

test('a backbone that has a head, or is none', async () => {
  await expectError('INFORM_UNSUPPORTED_MODEL', /bf16\.gguf has a score head already/, () => attach(MODEL, CHECKPOINT));
  const other = await editGguf(BACKBONE, inFolder('bert.gguf'), {
    metadata: (metadata) => new Map([...metadata, ['general.architecture', ggufString('bert')]]),
  });
  await expectError('INFORM_UNSUPPORTED_MODEL', /has the architecture "bert", which is not supported/, () =>
    attach(other, CHECKPOINT),
  );
  await expectError('INFORM_MODEL_NOT_FOUND', /does not exist/, () => attach(inFolder('nowhere.gguf'), CHECKPOINT));
});

test('a head of a model of another size', async () => {
  const refuses = async (what: string, key: string, value: number): Promise<void> => {
    const folder = headOnlyCheckpoint(`size-${key}`);
    const config = path.join(folder, 'config.json');
    const content = JSON.parse(readFileSync(config, 'utf8')) as Record<string, unknown>;
    writeFileSync(config, JSON.stringify({ ...content, [key]: value }));
    await expectError('INFORM_UNSUPPORTED_MODEL', new RegExp(`a model with ${what} of ${value}, but .*backbone`), () =>
      attach(BACKBONE, folder),
    );
  };
  await refuses('a number of layers', 'num_hidden_layers', 5);
  await refuses('a vocabulary', 'vocab_size', 128257);

  const odd = ODD_CHECKPOINTS.find(({ name }) => name === 'tied');
  assert.ok(odd);
  await expectError('INFORM_UNSUPPORTED_MODEL', /a hidden size of 64, but .*backbone\.gguf has 128/, async () =>
    attach(BACKBONE, await oddModel(odd, 'bf16')),
  );
});

test('heads that give no reward', async () => {
  const refuses = async (message: RegExp, head: string): Promise<void> => {
    await expectError('INFORM_UNSUPPORTED_MODEL', message, () => attach(BACKBONE, head));
  };
  const changed = (name: string, key: string, value: GgufValue): Promise<string> =>
    editGguf(MODEL, inFolder(name), { metadata: (metadata) => new Map([...metadata, [key, value]]) });
  await expectError('INFORM_MODEL_HAS_NO_HEAD', /has no score head \(no tensor cls\.output\.weight\)/, () =>
    attach(BACKBONE, BACKBONE),
  );
  await refuses(/has format 2/, await changed('format.gguf', 'inform.head.format', ggufNumber('uint32', 2)));
  await refuses(/activation "gelu"/, await changed('gelu.gguf', 'inform.head.activation', ggufString('gelu')));
  await refuses(/activation "unknown"/, await changed('none.gguf', 'inform.head.activation', ggufNumber('uint32', 1)));
  // Without its hidden layer's weights the others are for 128 hidden values, which is the width here; so five of them.
  const labels = fileIn(
    FOLDER,
    'labels.gguf',
    ggufBytes({
      entries: [entry('inform.head.activation', 'string', text('relu'))],
      tensors: [tensorInfo('cls.weight', [128, 128], 0, 0), tensorInfo('cls.output.weight', [128, 5], 0, 65536)],
      data: Buffer.alloc(65536 + 5 * 512),
    }),
  );
  await refuses(/has the shape \[128, 5\] in cls\.output\.weight, which gives no single reward/, labels);
});

test('a checkpoint without the shard that has the head', async () => {
  const folder = inFolder('no-shard');
  cpSync(headOnlyCheckpoint('whole-shard'), folder, { recursive: true });
  writeFileSync(path.join(folder, 'model-00002-of-00002.safetensors'), '');
  await expectError('INFORM_INVALID_CHECKPOINT', /model-00002-of-00002\.safetensors is not a safetensors file/, () =>
    attach(BACKBONE, folder),
  );
});

test('outputs that would destroy something, and an abort', async () => {
  const refuses = async (message: RegExp, output: string, overwrite: boolean): Promise<void> => {
    await expectError('INFORM_OUTPUT_UNWRITABLE', message, () => attachHead(BACKBONE, MODEL, output, { overwrite }));
  };
  await refuses(/exists already\. Pass --overwrite/, fileIn(FOLDER, 'there.gguf', ''), false);
  await refuses(/is the input, which would be lost/, BACKBONE, true);
  await refuses(/is the input, which would be lost/, MODEL, true);
  await refuses(/is the input, which would be lost/, path.join(FOLDER, '.', 'backbone.gguf'), true);

  const before = readdirSync(FOLDER).length;
  const controller = new AbortController();
  await expectError('INFORM_ABORTED', /aborted/, () =>
    attach(BACKBONE, MODEL, {
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    }),
  );
  await expectError('INFORM_ABORTED', /aborted/, () => attach(BACKBONE, CHECKPOINT, { signal: AbortSignal.abort() }));
  assert.is(readdirSync(FOLDER).length, before);
});

test('a backbone with an alignment of its own', async () => {
  const row = Buffer.from(Float32Array.from({ length: 128 }, (_, i) => i).buffer);
  const backbone = fileIn(
    FOLDER,
    'aligned.gguf',
    ggufBytes({
      alignment: 256,
      entries: [
        entry('general.architecture', 'string', text('llama')),
        entry('general.alignment', 'uint32', u32(256)),
        entry('llama.embedding_length', 'uint32', u32(128)),
      ],
      tensors: [tensorInfo('blk.0.attn_norm.weight', [3], 0, 0), tensorInfo('output_norm.weight', [128], 0, 256)],
      data: Buffer.concat([row.subarray(0, 12), Buffer.alloc(244), row]),
    }),
  );
  const { output } = await attach(backbone, MODEL);
  const tensors = await tensorsOf(output);
  assert.ok(tensors.get('output_norm.weight')?.data.equals(row));
  assert.ok(
    tensors.get('cls.weight')?.data.equals((await tensorsOf(MODEL)).get('cls.weight')?.data ?? Buffer.alloc(0)),
  );
  assert.is((await readGguf(output)).alignment, 32);
});

test.run();
