import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FaultHarness, type FaultKind } from '../faults/harness.js';
import { testModel } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';

// The short form of `npm run faults`: one run of each kind, always the same.

const harness = new FaultHarness({ model: await testModel('bf16'), folder: tempFolder(), seed: 20261125, rows: 120 });
await harness.prepare();

const FAULTS: (readonly [kind: FaultKind, what: string])[] = [
  ['kill', 'kill -9'],
  ['signal', 'SIGINT, SIGTERM or SIGHUP'],
  ['fullDisk', 'a full disk'],
  ['cutInput', 'kill -9, then an input that was cut'],
  ['flippedBytes', 'kill -9, then a flipped bit in the journal'],
  ['changedJournal', 'a journal that is changed under the run'],
  ['changedInput', 'an input that is changed under the run, then is as before'],
  // How its children are found is Linux's way.
  ...(process.platform === 'linux' ? ([['engineKilled', 'kill -9 of the process that evaluates']] as const) : []),
];

for (const [kind, what] of FAULTS) {
  test(`${what}: the run is resumed, and its files are those of an undisturbed one`, async () => {
    const { runs, resumed, identical, lost, faults } = await harness.run(kind, 1);
    assert.equal({ runs, resumed, identical, lost }, { runs: 1, resumed: 1, identical: 1, lost: 0 });
    assert.ok(faults > 0);
  });
}

test.run();
