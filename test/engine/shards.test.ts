import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GGUF_VALUE_TYPES } from '#src/gguf/types.js';
import { RewardModel } from '#src/index.js';
import { quantizeModel } from '#src/quantize/quantize.js';
import { expectError } from '../support/assert/expect-error.js';
import { editGguf, testModel } from '../support/models/models.js';
import { splitGguf } from '../support/models/split-gguf.js';
import { tempFolder } from '../support/temp-folder.js';
import { tensorsOf } from '../support/models/tensor-bytes.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const SAMPLES = [
  { instruction: 'What is 2+2?', output: '4' },
  { instruction: 'Name a colour.', output: 'Blue, for example.' },
];
const EXPECTED = await scores(MODEL);

async function scores(model: string, scoreHead?: string): Promise<number[]> {
  const loaded = await RewardModel.load(model, { scoreHead });
  try {
    return await Promise.all(SAMPLES.map((sample) => loaded.score(sample)));
  } finally {
    await loaded.close();
  }
}

/** In a folder of its own, so that tests can move and remove its shards. */
async function split(name: string, place?: Parameters<typeof splitGguf>[3]): Promise<string[]> {
  const folder = path.join(FOLDER, name);
  mkdirSync(folder);
  return splitGguf(MODEL, path.join(folder, 'model'), 3, place);
}

test('a split model scores as the whole one, wherever its head lies', async () => {
  for (const home of [0, 1, 2]) {
    const [first = ''] = await split(`head-${home}`, ({ name }, index) => (name.startsWith('cls.') ? home : index % 3));
    assert.equal(await scores(first), EXPECTED);
  }
  const [scattered = ''] = await split('scattered', (_, index) => index % 3);
  assert.equal(await scores(scattered), EXPECTED);
});

test('a split file can give its head to another one', async () => {
  const [head = ''] = await split('as-head');
  const backbone = await editGguf(MODEL, path.join(FOLDER, 'backbone.gguf'), {
    keep: ({ name }) => !name.startsWith('cls.'),
  });
  assert.equal(await scores(backbone, head), EXPECTED);
});

test('what is wrong with shards is told in one sentence', async () => {
  const [first = '', second = '', third = ''] = await split('wrong');
  const refuses = async (code: Parameters<typeof expectError>[0], message: RegExp, model = first): Promise<void> => {
    await expectError(code, message, () => RewardModel.load(model));
  };
  await refuses(
    'INFORM_MODEL_NOT_FOUND',
    /00002-of-00003\.gguf is shard 2 of 3\. Name the first one: .*-00001-/,
    second,
  );

  const kept = path.join(FOLDER, 'kept');
  renameSync(second, kept);
  await refuses('INFORM_MODEL_NOT_FOUND', /-00002-of-00003\.gguf is missing: .* is the first of 3 shards\. Put all/);
  copyFileSync(third, second);
  await refuses('INFORM_INVALID_MODEL_FILE', /-00002-of-00003\.gguf does not say that it is shard 2 of 3/);
  copyFileSync(MODEL, second);
  await refuses('INFORM_INVALID_MODEL_FILE', /-00002-of-00003\.gguf does not say that it is shard 2 of 3/);
  await writeFile(second, 'GGUF and then nothing of the kind');
  await refuses('INFORM_INVALID_MODEL_FILE', /-00002-of-00003\.gguf has GGUF version 1684955424/);
  await writeFile(second, (await readFile(kept)).subarray(0, 100_000));
  await refuses('INFORM_INVALID_MODEL_FILE', /-00002-of-00003\.gguf is truncated/);
  // As int16, which would make llama.cpp abort.
  const bytes = await readFile(kept);
  bytes.writeUInt32LE(GGUF_VALUE_TYPES.indexOf('int16'), bytes.indexOf('split.no') + 'split.no'.length);
  await writeFile(second, bytes);
  await refuses('INFORM_INVALID_MODEL_FILE', /-00002-of-00003\.gguf stores split\.no in another type than uint16/);
  renameSync(kept, second);
  assert.equal(await scores(first), EXPECTED);

  const named = path.join(FOLDER, 'first.gguf');
  copyFileSync(first, named);
  await refuses('INFORM_MODEL_NOT_FOUND', /shard 1 of 3, .* Name it NAME-00001-of-00003\.gguf/, named);

  const [other = ''] = await splitGguf(second, path.join(FOLDER, 'wrong', 'other'), 1);
  rmSync(third);
  copyFileSync(other, third);
  await refuses('INFORM_INVALID_MODEL_FILE', /-00003-of-00003\.gguf does not say that it is shard 3 of 3/);
});

test('tensors that are missing or there twice', async () => {
  const [first = '', second = '', third = ''] = await split('counts');
  const bytes = await readFile(second);
  bytes.writeUInt16LE(2, bytes.indexOf('split.no') + 'split.no'.length + 4);
  await writeFile(third, bytes);
  await expectError(
    'INFORM_INVALID_MODEL_FILE',
    /hold \d+ tensors where 43 should be: they are of different models/,
    () => RewardModel.load(first),
  );
});

test('a split model is quantized to the one file that the whole gives', async () => {
  const [first = ''] = await split('quantized');
  const [fromShards, fromWhole] = [path.join(FOLDER, 'shards.gguf'), path.join(FOLDER, 'whole.gguf')];
  await quantizeModel(first, fromShards, { type: 'q4_k_m', threads: 2 });
  await quantizeModel(MODEL, fromWhole, { type: 'q4_k_m', threads: 2 });
  assert.equal(await tensorsOf(fromShards), await tensorsOf(fromWhole));
  assert.equal(await scores(fromShards), await scores(fromWhole));
});

test.run();
