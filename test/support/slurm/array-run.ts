import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '#src/util/package-root.js';
import { finished, runCli, startCli } from '../children/cli.js';
import type { Random } from '../random.js';
import type { Slurm } from './slurm.js';

const CLI = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
const SBATCH = path.join(packageRoot(), 'examples', 'cluster', 'slurm.sbatch');

export interface ArrayPlan {
  slurm: Slurm;
  /** An empty folder. */
  folder: string;
  model: string;
  tasks: number;
  rows: number;
  /** How many tasks are killed with kill -9, each once, when their journal holds rows. */
  kills: number;
  /** Whether the node is drained once, and set down once, so that Slurm itself kills and requeues what runs. */
  nodeFails: boolean;
  random: Random;
  deadlineMs: number;
}

export interface ArrayResult {
  killed: number;
  /** Tasks that were running when the node was set down. */
  lostWithNode: number;
  /** Times that a task took a shard. */
  attempts: number;
  /** Rows that were in a journal when its task was killed, and what of them is not in the very same bytes in the finished one. */
  rowsAtKills: number;
  rowsLost: number;
  /** Rows that stand in the journals more than once. */
  rowsTwice: number;
  identical: boolean;
  status: string;
  seconds: number;
}

/** An array of tasks under Slurm, submitted twice, with the faults of a plan; and the run that it must be equal to. */
export async function runArray(plan: ArrayPlan): Promise<ArrayResult> {
  const { slurm, folder, model, tasks, rows, kills, random } = plan;
  const input = path.join(folder, 'in.jsonl');
  writeFileSync(input, inputOf(rows));
  const whole = path.join(folder, 'whole.jsonl');
  const flags = ['--deterministic', '--progress', 'none'];
  const single = await finished(startCli([input, '-m', model, '-o', whole, ...flags], {}, plan.deadlineMs));
  if (single.code !== 3) throw new Error(single.stderr);

  const run = path.join(folder, 'run');
  const began = performance.now();
  const submit = (): string =>
    slurm.submit(SBATCH, [`--array=0-${tasks - 1}`, '-o', path.join(folder, 'log-%A_%a.txt')], {
      ...{ DATA: input, MODEL: model, RUN: run, SHARDS: String(tasks) },
      ...{ INFORM_SCORE: `${process.execPath} ${CLI}`, FLAGS: flags.join(' ') },
    });
  submit();
  const victims = new Set(pick(tasks, kills, random));
  const snapshots: { shard: number; bytes: Buffer }[] = [];
  let lostWithNode = 0;
  let nodeFailed = !plan.nodeFails;
  let submittedAgain = false;
  let looks = 0;
  for (;;) {
    if (performance.now() - began > plan.deadlineMs) throw new Error(`Too slow: ${JSON.stringify(slurm.queue())}`);
    for (const shard of victims) {
      const bytes = killOne(run, shard);
      if (bytes === undefined) continue;
      victims.delete(shard);
      snapshots.push({ shard, bytes });
    }
    const done = finishedShards(run);
    if (!nodeFailed && done >= tasks / 4) {
      nodeFailed = true;
      slurm.setNode('drain');
      await delay(1000);
      lostWithNode = slurm.queue().filter(({ state }) => state === 'RUNNING').length;
      slurm.setNode('down');
      await delay(2000);
      slurm.setNode('resume');
    }
    if (!submittedAgain && done >= tasks / 2) {
      submittedAgain = true;
      submit();
    }
    if (submittedAgain && slurm.queue().length === 0) break;
    if (looks++ % 20 === 0) slurm.hurry();
    await delay(50);
  }
  const seconds = (performance.now() - began) / 1000;
  const status = (await runCli(['status', run])).stdout;
  const merged = path.join(folder, 'merged.jsonl');
  const { code, stderr } = await runCli(['merge', run, '-o', merged]);
  if (code !== 3) throw new Error(`${stderr}\n${status}`);
  const finals = new Map(snapshots.map(({ shard }) => [shard, readFileSync(journalsOf(run, shard)[0] ?? '')]));
  return {
    killed: snapshots.length,
    lostWithNode,
    attempts: readdirSync(run).filter((name) => name.includes('.lease-')).length,
    rowsAtKills: snapshots.reduce((sum, { bytes }) => sum + rowsIn(bytes), 0),
    // What was whole when the task was killed is the beginning of the journal that its shard ended with.
    rowsLost: snapshots.filter(
      ({ shard, bytes }) => finals.get(shard)?.subarray(0, bytes.length).equals(bytes) !== true,
    ).length,
    rowsTwice: rowsTwice(run),
    identical: sameFiles(merged, whole) && sameFiles(`${merged}.rejects.jsonl`, `${whole}.rejects.jsonl`),
    status,
    seconds,
  };
}

/** Four answers to each prompt, and bad rows among them. */
function inputOf(rows: number): string {
  return Array.from({ length: rows }, (_, id) =>
    id % 97 === 50
      ? `{"id": ${id}}\n`
      : `${JSON.stringify({ id, instruction: `Say what ${id >> 2} is, and why.`, output: `It is number ${id}. `.repeat(1 + (id % 5)) })}\n`,
  ).join('');
}

function pick(of: number, count: number, random: Random): number[] {
  const all = Array.from({ length: of }, (_, i) => i + 1);
  return Array.from({ length: count }, () => all.splice(random.below(all.length), 1)[0] ?? 1);
}

/** Kills the task of a shard once its journal holds rows. Gives the whole lines that it left; undefined where it has none yet. */
function killOne(run: string, shard: number): Buffer | undefined {
  const [journal] = journalsOf(run, shard);
  if (journal === undefined || !existsSync(`${run}/run.json`)) return undefined;
  const before = bytesOf(journal);
  if (rowsIn(before) === 0 || before.includes('{"end": ')) return undefined;
  const lease = readdirSync(run).filter((name) => name.startsWith(`${nameOf(shard)}.lease-`));
  const { pid } = JSON.parse(readFileSync(path.join(run, lease.at(-1) ?? ''), 'utf8')) as { pid: number };
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return undefined; // it has just ended
  }
  const bytes = bytesOf(journal);
  if (bytes.length === 0 || bytes.includes('{"end": ')) return undefined;
  return bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
}

function nameOf(shard: number): string {
  return `shard-${String(shard).padStart(5, '0')}`;
}

function journalsOf(run: string, shard?: number): string[] {
  if (!existsSync(run)) return [];
  const start = shard === undefined ? 'shard-' : `${nameOf(shard)}.`;
  return readdirSync(run)
    .filter((name) => name.startsWith(start) && name.endsWith('.journal'))
    .map((name) => path.join(run, name));
}

function finishedShards(run: string): number {
  return journalsOf(run).filter((journal) => bytesOf(journal).includes('{"end": ')).length;
}

/** What a journal holds; nothing where its shard was taken over just now. */
function bytesOf(journal: string): Buffer {
  try {
    return readFileSync(journal);
  } catch {
    return Buffer.alloc(0);
  }
}

function rowsIn(journal: Buffer): number {
  return journal.toString('latin1').split('\n{"row": ').length - 1;
}

function rowsTwice(run: string): number {
  const rows = journalsOf(run).flatMap((journal) => [...readFileSync(journal, 'latin1').matchAll(/^\{"row": (\d+)/gm)]);
  return rows.length - new Set(rows.map(([, row]) => row)).size;
}

function sameFiles(one: string, other: string): boolean {
  return readFileSync(one).equals(readFileSync(other));
}
