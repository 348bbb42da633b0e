// Tokens that go through the model over 1, 4 and 16 shards: `npm run bench -- shards`. Writes its section of RESULTS.md.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { finished, startCli } from '../test/support/children/cli.js';
import { testModel } from '../test/support/models/models.js';
import { dataFolder } from './support/datasets.js';
import { log } from './support/log.js';
import { table, writeSection } from './support/results-file.js';

const COUNTS = [1, 4, 16];
const DEADLINE_MS = 600_000;

const { folder: data, complete } = dataFolder();
const input = path.join(data, 'best-of-8.jsonl');
const model = await testModel('bf16');
const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-shards-'));
try {
  const rows: string[][] = [];
  let base = NaN;
  for (const count of COUNTS) {
    const computed: number[] = [];
    for (let i = 1; i <= count; i++)
      computed.push(await tokensOf(path.join(folder, `${i}-${count}.jsonl`), `${i}/${count}`));
    const sum = computed.reduce((total, tokens) => total + tokens);
    if (count === 1) base = sum;
    const most = Math.max(...computed) / (sum / count);
    rows.push([
      String(count),
      sum.toLocaleString('en-US'),
      `${(100 * (sum / base - 1)).toFixed(2)} %`,
      most.toFixed(2),
    ]);
    log(`${count} shards: ${sum} tokens`);
  }
  const body = `best-of-8.jsonl, ${complete ? '64 prompts with eight answers each' : 'an excerpt of four prompts'}; the small model of random weights.\n\n${table(['shards', 'tokens computed', 'more than one machine', 'largest shard to the mean'], rows)}`;
  writeSection('Shards', 'npm run bench -- shards', body);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tokensOf(output: string, shard: string): Promise<number> {
  const flags = ['--shard', shard, '--stats', '--progress', 'none'];
  const { code, stderr } = await finished(startCli([input, '-m', model, '-o', output, ...flags], {}, DEADLINE_MS));
  if (code !== 0) throw new Error(stderr);
  return Number(/^Tokens computed +([\d,]+)/m.exec(stderr)?.[1]?.replaceAll(',', ''));
}
