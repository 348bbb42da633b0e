// 64 tasks under a real Slurm, a third of them killed, the node drained and set down, submitted twice: `npm run bench -- slurm`.
// Writes its section of RESULTS.md. Needs root, and Debian's slurm-wlm and munge.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { testModel } from '../test/support/models/models.js';
import { Random } from '../test/support/random.js';
import { runArray } from '../test/support/slurm/array-run.js';
import { Slurm, whyNoSlurm } from '../test/support/slurm/slurm.js';
import { log } from './support/log.js';
import { table, writeSection } from './support/results-file.js';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '64' },
    rows: { type: 'string', default: '6400' },
    cpus: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
  },
});
const [tasks, rows, cpus, seed] = [values.tasks, values.rows, values.cpus, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
];

const missing = whyNoSlurm();
if (missing !== undefined) throw new Error(`There is no Slurm to run: ${missing}.`);
const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-slurm-'));
const slurm = await Slurm.start(mkdtempSync(path.join(os.tmpdir(), 'inform-score-slurmd-')), cpus);
try {
  const kills = Math.ceil(0.3 * tasks);
  const model = await testModel('bf16');
  const random = new Random(seed);
  const deadlineMs = 3_600_000;
  const result = await runArray({ slurm, folder, model, tasks, rows, kills, nodeFails: true, random, deadlineMs });
  log(result.status);
  const body = table(
    ['what', 'how many'],
    [
      ['tasks, rows', `${tasks}, ${rows.toLocaleString('en-US')}`],
      ['killed with kill -9 while they scored', String(result.killed)],
      ['running when the node went down, after it was drained', String(result.lostWithNode)],
      ['times that a shard was taken', String(result.attempts)],
      ['rows in the journals of killed tasks at that moment', result.rowsAtKills.toLocaleString('en-US')],
      ['journals that lost or changed any of them', String(result.rowsLost)],
      ['rows that stand twice in all journals', String(result.rowsTwice)],
      ['merged output and rejects are those of one run', result.identical ? 'yes, byte for byte' : 'no'],
      ['seconds', result.seconds.toFixed(0)],
    ],
  );
  const command = `npm run bench -- slurm --tasks ${tasks} --rows ${rows} --cpus ${cpus} --seed ${seed}`;
  writeSection('An array job under Slurm', command, body);
  if (!result.identical || result.rowsLost > 0 || result.rowsTwice > 0) process.exitCode = 1;
} finally {
  await slurm.stop();
  rmSync(folder, { recursive: true, force: true });
}
