import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testModel } from '../support/models/models.js';
import { Random } from '../support/random.js';
import { runArray } from '../support/slurm/array-run.js';
import { Slurm, whyNoSlurm } from '../support/slurm/slurm.js';
import { tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const missing = whyNoSlurm();

// `npm run bench -- slurm` does it with 64 tasks, and with a node that is drained and goes down.
testIf(missing === undefined)(
  `four tasks under Slurm, one killed, submitted twice, come to the output of one run${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  async () => {
    const slurm = await Slurm.start(tempFolder(), 2);
    try {
      const result = await runArray({
        slurm,
        folder: tempFolder(),
        model: await testModel('bf16'),
        ...{ tasks: 4, rows: 1200, kills: 1, nodeFails: false },
        random: new Random(4),
        deadlineMs: 100_000,
      });
      const { identical, rowsLost, rowsTwice, killed } = result;
      assert.equal(
        { identical, rowsLost, rowsTwice, killed },
        { identical: true, rowsLost: 0, rowsTwice: 0, killed: 1 },
      );
    } finally {
      await slurm.stop();
    }
  },
);

test.run();
