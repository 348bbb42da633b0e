// The hash of the tensors that convert, quantize and attach write, against one that is made here of the files' own bytes.
import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { convertCheckpoint } from '#src/convert/convert.js';
import { stringAt } from '#src/gguf/metadata.js';
import { readGgufModel } from '#src/gguf/split-model.js';
import { attachHead } from '#src/head/attach.js';
import { verifyModel } from '#src/models/verify.js';
import { quantizeModel } from '#src/quantize/quantize.js';
import { expectError } from '../support/assert/expect-error.js';
import { runCli } from '../support/children/cli.js';
import { editGguf, testCheckpoint, testModel } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';

const KEY = 'inform.tensors.sha256';
const FOLDER = tempFolder();
const MODEL = await testModel('bf16');
const inFolder = (name: string): string => path.join(FOLDER, name);

async function hashOf(model: string): Promise<string> {
  const { tensors } = await readGgufModel(model);
  const lines = tensors.map(({ name, file, offset, byteLength }) => {
    const data = readFileSync(file).subarray(offset, offset + byteLength);
    return `${name}\0${createHash('sha256').update(data).digest('hex')}\n`;
  });
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}

async function assertHashed(model: string): Promise<void> {
  const expected = await hashOf(model);
  assert.is(stringAt((await readGgufModel(model)).metadata, KEY), expected);
  assert.is(await verifyModel(model), expected);
}

test('convert writes it, into one file and into several, and it is the same', async () => {
  for (const type of ['bf16', 'q4_k_m'] as const) await assertHashed(await testModel(type));
  const output = inFolder('split.gguf');
  const { paths } = await convertCheckpoint(await testCheckpoint(), output, {
    type: 'bf16',
    splitMaxBytes: 41_500_000,
  });
  assert.ok(paths.length > 1);
  await assertHashed(paths[0] ?? '');
  assert.is(await verifyModel(paths[0] ?? ''), await verifyModel(MODEL));
});

test('quantize and attach write one of what they have written', async () => {
  const quantized = inFolder('quantized.gguf');
  await quantizeModel(MODEL, quantized, { type: 'q8_0', threads: 1 });
  await assertHashed(quantized);
  assert.is.not(await verifyModel(quantized), await verifyModel(MODEL));
  const backbone = await editGguf(MODEL, inFolder('backbone.gguf'), { keep: ({ name }) => !name.startsWith('cls.') });
  for (const head of [MODEL, await testCheckpoint()]) {
    const attached = inFolder('attached.gguf');
    await attachHead(backbone, head, attached, { overwrite: true });
    await assertHashed(attached);
  }
});

test('inspect --verify says what it found: the same tensors, others, or no hash', async () => {
  const good = await runCli(['inspect', MODEL, '--verify']);
  assert.is(good.code, 0, good.stderr);
  assert.match(good.stderr, /The tensors of .* are those that were written: SHA-256 [0-9a-f]{64}\n$/);

  const damaged = inFolder('damaged.gguf');
  copyFileSync(MODEL, damaged);
  const tensor = (await readGgufModel(damaged)).tensors.find(({ name }) => name === 'blk.0.ffn_up.weight');
  const at = (tensor?.offset ?? 0) + (tensor?.byteLength ?? 0) / 2;
  const file = openSync(damaged, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at);
  closeSync(file);
  const bad = await runCli(['inspect', damaged, '--verify']);
  assert.is(bad.code, 1);
  assert.match(bad.stderr, /damaged\.gguf are not those that were written: .*\[INFORM_INVALID_MODEL_FILE\]\n$/);

  const without = await editGguf(MODEL, inFolder('without.gguf'), {
    metadata: (metadata) => new Map([...metadata].filter(([key]) => key !== KEY)),
  });
  await expectError('INFORM_UNSUPPORTED_MODEL', /has no hash of its tensors .*Convert or quantize/, () =>
    verifyModel(without),
  );
});

test.run();
