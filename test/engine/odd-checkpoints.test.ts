import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Encoder } from '#src/prompt/encoder.js';
import { Engine } from '#src/engine/engine.js';
import { InformError } from '#src/errors.js';
import { EXACT, oddDifferences, readOddGoldens } from '../support/assert/goldens.js';
import { checkpointFingerprint, oddCheckpoint, oddModel } from '../support/models/models.js';
import { ODD_CHECKPOINTS } from '../support/models/odd-checkpoints.js';
import { chatTemplateOf, loadEngine } from '../support/models/load.js';
import { checkedConversation } from '#src/input/sample.js';

// The judge is Hugging Face transformers: test/reference/make_odd_goldens.py made these goldens from the same checkpoints.

const GOLDENS = readOddGoldens();

const SETTINGS = [
  { type: 'f32', options: EXACT, bound: 1e-4 },
  { type: 'bf16', options: {}, bound: 3e-2 },
] as const;

test('every odd checkpoint has goldens, and their scores spread', () => {
  assert.ok(ODD_CHECKPOINTS.length >= 6);
  assert.equal(ODD_CHECKPOINTS.map(({ name }) => name).sort(), GOLDENS.checkpoints.map(({ name }) => name).sort());
  for (const { scores } of GOLDENS.checkpoints) assert.ok(Math.max(...scores) - Math.min(...scores) > 1);
});

for (const odd of ODD_CHECKPOINTS) {
  test(`${odd.name}: the generated checkpoint is the one that transformers judged`, async () => {
    const golden = GOLDENS.checkpoints.find(({ name }) => name === odd.name);
    assert.is(await checkpointFingerprint(await oddCheckpoint(odd)), golden?.checkpoint);
  });

  for (const { type, options, bound } of SETTINGS) {
    test(`${odd.name} in ${type}: token ids are Hugging Face's, scores within ${bound} of transformers'`, async () => {
      const path = await oddModel(odd, type);
      const engine = await loadEngine(path, options);
      try {
        await checkTokens(engine, path);
        for (const [i, difference] of (await oddDifferences(engine, GOLDENS, odd.name)).entries()) {
          assert.ok(difference <= bound, `${GOLDENS.samples[i]?.name ?? ''} differs by ${difference}`);
        }
      } finally {
        await engine.close();
      }
    });
  }
}

async function checkTokens(engine: Engine, path: string): Promise<void> {
  const template = await chatTemplateOf(engine, path);
  const encoder = new Encoder(engine, template, { maxLength: 4096, specialTokens: 'parse' });
  const encoded = await encoder.encode(GOLDENS.samples.map(({ sample }) => checkedConversation(sample)));
  for (const [i, { name, ids }] of GOLDENS.samples.entries()) {
    const result = encoded[i];
    if (!result || result instanceof InformError) throw new Error(`${name}: ${result?.message ?? 'lost'}`);
    assert.equal([...result.tokens], ids, name);
  }
}

test.run();
