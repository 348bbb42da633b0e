import { CONTESTANTS, type Contestant, type TrialResult } from './contestants.js';
import { tokenCount } from './datasets.js';
import { circumstances } from './machine.js';
import type { RaceResults } from './races.js';
import { BARS, rate, ratiosOf } from './ratios.js';
import { table } from './results-file.js';
import { spreadOf, type Spread } from './statistics.js';

/** A finished run of the benchmark. */
export interface BenchRun {
  command: string;
  threads: number;
  /** Where the samples come from. */
  data: string;
  seconds: number;
  /** With the 1.2B model, all of its layers or some. */
  results: readonly RaceResults[];
  /** With the tiny model. */
  tinyResults: readonly RaceResults[];
}

/** One contestant on one data set. */
interface Row {
  model: string;
  set: string;
  samples: number;
  tokens: number;
  contestant: string;
  rounds: number;
  /** undefined where the contestant is absent, as are all that follow. */
  tokensPerSecond: Spread | undefined;
  /** Tokens that went through the model, padding included. */
  computedTokens: number | undefined;
  /** Of the whole process, its loading and warming up included. */
  cpuSecondsPer1000Tokens: number | undefined;
  /** What everything else on the machine took meanwhile, the median of the rounds, as a share of its cores. */
  othersShare: number | undefined;
}

/** The run as one JSON document; what is absent is null. */
export function jsonReport(run: BenchRun): object {
  const { command, threads, data, seconds, results, tinyResults } = run;
  const spreads = ratiosOf(results);
  return {
    ...circumstances(command),
    threads,
    data,
    seconds: Math.round(seconds),
    contestants: CONTESTANTS.map((contestant) => ({
      id: contestant.id,
      description: contestant.description,
      version: contestant.version() ?? null,
    })),
    ratios: Object.fromEntries([...spreads].map(([name, spread]) => [name, rounded(spread?.median)])),
    ratioSpreads: Object.fromEntries([...spreads].map(([name, spread]) => [name, spread ?? null])),
    bars: Object.fromEntries(BARS),
    results: rowsOf([...results, ...tinyResults]).map((row) => ({
      ...row,
      tokensPerSecond: row.tokensPerSecond ?? null,
      computedTokens: row.computedTokens ?? null,
      cpuSecondsPer1000Tokens: rounded(row.cpuSecondsPer1000Tokens),
      othersShare: rounded(row.othersShare),
    })),
  };
}

/** The run as tables for RESULTS.md. */
export function markdownReport({ threads, data, seconds, results, tinyResults }: BenchRun): string {
  const parts = [
    `${threads} threads; data: ${data}; ${Math.round(seconds / 60)} minutes. Each trial is a process of its own, the contestants take turns, and a ratio is that of the same round: the median (lowest to highest).`,
    CONTESTANTS.map(({ id, description, version }) => `- ${id}: ${description}. ${version() ?? 'absent'}`).join('\n'),
    ...['### Model 1.2B', ratioTable(results), resultTable(results)],
  ];
  if (tinyResults.length > 0) parts.push('### Tiny model', ratioTable(tinyResults), resultTable(tinyResults));
  return parts.join('\n\n');
}

function ratioTable(results: readonly RaceResults[]): string {
  const rows = [...ratiosOf(results)].map(([name, spread]) => [
    name,
    spread ? spreadText(spread, 3) : 'absent',
    BARS.get(name)?.toString() ?? '',
  ]);
  return table(['ratio', 'measured', 'bar'], rows);
}

function resultTable(results: readonly RaceResults[]): string {
  const head = [
    'model',
    'set',
    'samples',
    'tokens',
    'contestant',
    'tokens/s',
    'computed',
    'CPU s / 1,000 tokens',
    'others',
  ];
  const rows = rowsOf(results).map((row) => [
    row.model,
    row.set,
    String(row.samples),
    String(row.tokens),
    row.contestant,
    row.tokensPerSecond ? spreadText(row.tokensPerSecond, 1) : 'absent',
    row.computedTokens?.toString() ?? '',
    row.cpuSecondsPer1000Tokens?.toFixed(2) ?? '',
    row.othersShare === undefined ? '' : `${(100 * row.othersShare).toFixed(0)} %`,
  ]);
  return table(head, rows);
}

function rowsOf(results: readonly RaceResults[]): Row[] {
  return results.flatMap(({ race, trials }) =>
    race.contestants.map((contestant) => rowOf(race, contestant, trials.get(contestant) ?? [])),
  );
}

function rowOf({ model, dataset }: RaceResults['race'], contestant: Contestant, trials: readonly TrialResult[]): Row {
  const tokens = tokenCount(dataset);
  const [first] = trials;
  const medianOf = (pick: (trial: TrialResult) => number | undefined): number | undefined =>
    spreadOf(trials.map(pick).filter((value) => value !== undefined))?.median;
  const cpuSeconds = medianOf((trial) => trial.cpuSeconds);
  return {
    model: model.name,
    set: dataset.name,
    samples: dataset.tokens.length,
    tokens,
    contestant: contestant.id,
    rounds: trials.length,
    tokensPerSecond: spreadOf(trials.map(rate)),
    computedTokens: first && (first.computedTokens ?? first.tokens),
    cpuSecondsPer1000Tokens: cpuSeconds === undefined ? undefined : (1000 * cpuSeconds) / tokens,
    othersShare: medianOf((trial) => trial.othersShare),
  };
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  if (min === max) return median.toFixed(digits);
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 10_000) / 10_000;
}
