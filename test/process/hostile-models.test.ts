import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RewardModel } from '#src/scoring/reward-model.js';
import { loadDamagedModels } from '../support/models/hostile-models.js';
import { tempFolder } from '../support/temp-folder.js';
import { tinyModel } from '../support/models/tiny-model.js';

// The short form of `npm run fuzz -- --models 2000`, from a fixed seed.
const MODELS = 150;

const folder = tempFolder();
const source = await tinyModel(join(folder, 'tiny.gguf'));

test('the model that the damaged ones come from is a good one', async () => {
  const model = await RewardModel.load(source, { contextTokens: 64, maxLength: 64, gpuLayers: 0 });
  assert.ok(Number.isFinite(await model.score({ instruction: 'the', output: 'he' })));
  await model.close();
});

test('damaged models: an error with a code or a finite score, and never the end of the process', async () => {
  const { outcomes, failures } = await loadDamagedModels({
    ...{ source, folder, seed: 20261125, first: 0, end: MODELS, silenceMs: 60_000 },
  });
  assert.equal(failures, []);
  assert.is(
    [...outcomes.values()].reduce((sum, count) => sum + count, 0),
    MODELS,
  );
  assert.ok((outcomes.get('scored') ?? 0) > 5, JSON.stringify([...outcomes]));
  assert.ok((outcomes.get('INFORM_INVALID_MODEL_FILE') ?? 0) > 30, JSON.stringify([...outcomes]));
});

test.run();
