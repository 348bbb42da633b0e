// A GGUF of INF-ORM's full size on a machine that cannot hold it: `npm run bench -- whole-size FOLDER`. Writes it (42 GB of blocks that mean
// nothing, kept in FOLDER for the next time), inspects it, plans it, scores two short samples with the weights read from the disk,
// and prints how long each took beside what the plan had expected.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FullPlan } from '#src/cli/plan-text.js';
import { packageRoot } from '#src/util/package-root.js';
import { writeBlockModel } from './support/block-model.js';
import { FULL } from './gpu/sizes.js';

const TYPE = 'q4_k_m';
const SAMPLES = [
  { instruction: 'What is the capital of France?', output: 'Paris.' },
  { instruction: 'How many legs has a spider?', output: 'Eight.' },
];

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: npm run bench -- whole-size FOLDER, with 43 GB left on its disk');
const model = path.join(folder, `whole-size-${TYPE}.gguf`);
const samples = path.join(folder, 'whole-size.jsonl');
writeFileSync(samples, SAMPLES.map((sample) => `${JSON.stringify(sample)}\n`).join(''));

if (!existsSync(model)) {
  const { seconds } = await timed(() => writeBlockModel(model, FULL.large, TYPE, folder));
  console.log(`written    ${(statSync(model).size / 1e9).toFixed(2)} GB in ${seconds.toFixed(1)} s`);
}
const inspected = await timed(() => cli('inspect', model));
console.log(`inspect    ${inspected.seconds.toFixed(1)} s\n${firstLines(inspected.value, 6)}`);
const planned = await timed(() => cli('plan', model, samples, '--json'));
const { report } = JSON.parse(planned.value) as FullPlan;
const { estimate, speeds, measured } = report;
console.log(`plan       ${planned.seconds.toFixed(1)} s: ${JSON.stringify({ estimate, speeds, measured })}`);
const scored = await timed(() => cli(samples, '-m', model, '--progress', 'none', '--stats'));
console.log(`score      ${scored.seconds.toFixed(1)} s, loading and all\n${scored.value}`);

function cli(...args: string[]): string {
  const program = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`inform-score ${args.join(' ')} ended with ${status}:\n${stderr}`);
  return args.includes('--stats') ? `${stdout}${stderr}` : stdout;
}

async function timed<T>(work: () => T | Promise<T>): Promise<{ value: T; seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}

function firstLines(text: string, count: number): string {
  return text.split('\n').slice(0, count).join('\n');
}
