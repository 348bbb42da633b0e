import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openAdapter } from '#src/convert/adapter.js';
import { convertCheckpoint } from '#src/convert/convert.js';
import { RewardModel } from '#src/scoring/reward-model.js';
import { EXACT, readAdapterGoldens } from '../support/assert/goldens.js';
import { ADAPTER_BASE, ADAPTERS } from '../support/models/adapter.js';
import { CLASS_CHECKPOINTS } from '../support/models/class-checkpoints.js';
import { adapterFolder, checkpointFingerprint, classCheckpoint } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';

// The judge is PEFT: test/reference/make_adapter_goldens.py merged the same adapters into the same base.

const GOLDENS = readAdapterGoldens();
const FOLDER = tempFolder();

async function base(): Promise<string> {
  const made = CLASS_CHECKPOINTS.find(({ name }) => name === ADAPTER_BASE);
  if (made === undefined) throw new Error('no base');
  return classCheckpoint(made);
}

test('every adapter has goldens, and they tell the adapters apart', () => {
  assert.equal(GOLDENS.adapters.map(({ name }) => name).sort(), Object.keys(ADAPTERS).sort());
  const [first, second] = GOLDENS.adapters.map(({ scores }) => scores[0] ?? NaN);
  assert.ok(Math.abs((first ?? NaN) - (second ?? NaN)) > 0.05);
});

for (const { name, adapter, base: fingerprint, scores } of GOLDENS.adapters) {
  test(`${name}: merged at conversion, scores within 1e-4 of PEFT's`, async () => {
    assert.is(await checkpointFingerprint(await base()), fingerprint);
    const folder = await adapterFolder(name);
    const weights = await readFile(path.join(folder, 'adapter_model.safetensors'));
    assert.is(createHash('sha256').update(weights).digest('hex'), adapter);
    const file = path.join(FOLDER, `${name}.gguf`);
    await convertCheckpoint(await openAdapter(folder, await base()), file, { type: 'f32' });
    const model = await RewardModel.load(file, EXACT);
    try {
      for (const [i, expected] of scores.entries()) {
        const { name: what, sample } = GOLDENS.samples[i] ?? {};
        if (sample === undefined) throw new Error('no sample');
        const difference = Math.abs((await model.score(sample)) - expected);
        assert.ok(difference <= 1e-4, `${what ?? ''} differs by ${difference}`);
      }
    } finally {
      await model.close();
    }
  });
}

test.run();
