import type { CommandModule } from 'yargs';
import type { RunStatus, ShardStatus } from '../../run/shards/run-status.js';
import { counted, formatCount, formatDuration } from '../../util/format.js';
import { JSON_FLAG } from '../shared-flags.js';
import { columns } from '../table.js';
import { printJson, printLines } from '../terminal.js';

interface StatusArguments {
  folder: string;
  json: boolean;
}

/** So many shards are listed; the JSON has all of them. */
const MOST_LISTED = 40;

/** `inform-score status RUN_DIR` */
export const statusCommand: CommandModule<object, StatusArguments> = {
  command: 'status <folder>',
  describe: 'how far a run with "score --run-dir" is, shard by shard, and which ones are to be started again',
  builder: (argv) =>
    argv
      .positional('folder', { type: 'string', demandOption: true, describe: 'the folder of the run' })
      .option('json', JSON_FLAG),
  handler: async ({ folder, json }) => {
    const { rangesText, statusOf } = await import('../../run/shards/run-status.js');
    const status = await statusOf(folder);
    const array = rangesText(status.missing, 0);
    if (json) printJson({ ...status, array });
    else printLines(describe(status, array, rangesText(status.missing, 1)));
  },
};

function describe(status: RunStatus, array: string, fromOne: string): string {
  const open = status.shards.filter(({ state }) => state !== 'done');
  const listed = open.slice(0, MOST_LISTED).map(cellsOf);
  const table =
    listed.length === 0 ? '' : columns([['shard', 'state', 'rows', 'done', 'rejected', 'rows/s', 'left'], ...listed]);
  const more = open.length > MOST_LISTED ? `and ${open.length - MOST_LISTED} more; --json has all\n` : '';
  return `${table}${more}${summaryOf(status)}${missingText(status, array, fromOne)}`;
}

function cellsOf({ index, state, rows, done, rejected, rowsPerSecond, secondsLeft }: ShardStatus): string[] {
  return [
    String(index),
    state,
    formatCount(rows),
    formatCount(done),
    formatCount(rejected),
    rowsPerSecond === undefined ? '-' : rowsPerSecond.toPrecision(3),
    secondsLeft === undefined ? '-' : formatDuration(secondsLeft),
  ];
}

function summaryOf({ shards, rows, done, rejected, rowsPerSecond, secondsLeft }: RunStatus): string {
  const finished = shards.filter(({ state }) => state === 'done').length;
  const parts = [
    `${formatCount(finished)} of ${counted(shards.length, 'shard')} done`,
    `${formatCount(done)} of ${counted(rows, 'row')}`,
    `${formatCount(rejected)} rejected`,
  ];
  if (secondsLeft !== undefined)
    parts.push(`${rowsPerSecond.toPrecision(3)} rows/s`, `${formatDuration(secondsLeft)} left`);
  return `${parts.join(', ')}\n`;
}

function missingText({ complete, missing }: RunStatus, array: string, fromOne: string): string {
  if (complete) return 'Complete: "inform-score merge" makes the output.\n';
  if (missing.length === 0) return '';
  return `To be started again: --array=${array} (Slurm and others that count from 0), ${fromOne} (LSF, Grid Engine)\n`;
}
