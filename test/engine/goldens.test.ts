import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Encoder } from '#src/prompt/encoder.js';
import { InformError } from '#src/errors.js';
import { packageRoot } from '#src/util/package-root.js';
import { checkedConversation, toMessages } from '#src/input/sample.js';
import { differences, readGoldens, SETTINGS } from '../support/assert/goldens.js';
import { checkpointFingerprint, testCheckpoint, testModel } from '../support/models/models.js';
import { chatTemplateOf, loadEngine } from '../support/models/load.js';

// The judge is Hugging Face transformers: test/reference/ made these goldens from the same generated checkpoint.

const GOLDENS = readGoldens();
const MODEL = await testModel('bf16');
const ENGINE = await loadEngine(MODEL);
const TEMPLATE = await chatTemplateOf(ENGINE, MODEL);

test('the generated checkpoint is the one that transformers judged, byte for byte', async () => {
  assert.is(await checkpointFingerprint(await testCheckpoint()), GOLDENS.made.checkpoint);
});

test('there are enough goldens, and their scores spread over several units', () => {
  assert.ok(GOLDENS.samples.length >= 100);
  const scores = GOLDENS.samples.map(({ score }) => score);
  assert.ok(Math.max(...scores) - Math.min(...scores) > 5);
  const lengths = GOLDENS.tokenSequences.map(({ ids }) => ids.length);
  assert.is(Math.min(...lengths), 1);
  assert.is(Math.max(...lengths), GOLDENS.made.maxLength);
  assert.ok(GOLDENS.samples.some(({ truncated }) => truncated));
});

test("every prompt is apply_chat_template's, character for character", () => {
  for (const { name, sample, prompt } of GOLDENS.samples) {
    assert.is(TEMPLATE.render(toMessages(sample)), prompt, name);
  }
});

test("every sample's token ids are Hugging Face's, truncated where they must be", async () => {
  const encoder = new Encoder(ENGINE, TEMPLATE, { maxLength: GOLDENS.made.maxLength, specialTokens: 'parse' });
  const encoded = await encoder.encode(GOLDENS.samples.map(({ sample }) => checkedConversation(sample)));
  for (const [i, { name, ids, truncated }] of GOLDENS.samples.entries()) {
    const result = encoded[i];
    if (!result || result instanceof InformError) throw new Error(`${name}: ${result?.message ?? 'lost'}`);
    assert.equal([...result.tokens], ids, name);
    assert.is(result.truncated, truncated, name);
  }
});

test("llama.cpp's own cases for the vocabulary give their ids", async () => {
  const file = path.join(packageRoot(), 'test', 'fixtures', 'llama-bpe-cases.json');
  const cases = JSON.parse(readFileSync(file, 'utf8')) as { text: string; ids: number[] }[];
  assert.ok(cases.length > 40);
  const tokens = await ENGINE.tokenize(
    cases.map(({ text }) => text),
    false,
  );
  for (const [i, { text, ids }] of cases.entries()) assert.equal([...(tokens[i] ?? [])], ids, JSON.stringify(text));
});

for (const setting of SETTINGS) {
  test(`every score is within ${setting.bound} of transformers' float32: ${setting.name}`, async () => {
    const found = await differences(setting, GOLDENS);
    assert.is(found.length, GOLDENS.samples.length + GOLDENS.tokenSequences.length);
    for (const { name, difference } of found) {
      assert.ok(difference <= setting.bound, `${name} differs by ${difference}`);
    }
  });
}

test.after(() => ENGINE.close());
test.run();
