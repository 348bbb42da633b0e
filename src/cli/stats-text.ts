import type { PipelineStats } from '../scoring/pipeline-stats.js';
import { formatCount, formatRate } from '../util/format.js';
import { alignedLines, type Line } from './table.js';

/**
 * The statistics in aligned lines for people to read.
 *
 * @param expected tokens a second, as `inform-score plan` says
 */
export function formatStats(stats: PipelineStats, expected: number): string {
  const { samples, batches, halved, restarts, tokensSeen, tokensComputed, elapsed, seconds } = stats;
  const rate = (tokens: number): string => (elapsed > 0 ? `, ${formatRate(tokens / elapsed)} tokens/s` : '');
  const share = (part: number): string => (elapsed > 0 ? ` (${((100 * part) / elapsed).toFixed(1)} %)` : '');
  const lines: Line[] = [
    ['Tokens seen', `${formatCount(tokensSeen)}${rate(tokensSeen)}`],
    ['Tokens computed', `${formatCount(tokensComputed)}${rate(tokensComputed)}`],
    ['Sharing factor', `${stats.sharingFactor.toFixed(3)} tokens seen for each one computed`],
    ...againstPlan(tokensComputed / seconds.engine, expected),
    ['Batches', `${formatCount(batches)} for ${formatCount(samples)} samples`],
    ...whereAny('Halved', halved, 'batches that failed as a whole'),
    ...whereAny('Restarts', restarts, "of the engine's process after a crash"),
    ['Elapsed', `${elapsed.toFixed(3)} s; stages overlap:`],
    ...Object.entries(seconds).map(([stage, time]: [string, number]): Line => [
      `  ${stage}`,
      `${time.toFixed(3)} s${share(time)}`,
    ]),
    ['Engine idle', `${stats.engineIdle.toFixed(3)} s${share(stats.engineIdle)}`],
  ];
  return alignedLines(lines);
}

/** What the engine did while it had work, beside the plan. */
function againstPlan(rate: number, expected: number): Line[] {
  if (!Number.isFinite(rate)) return [];
  const ratio = (rate / expected).toPrecision(2);
  const planned = formatRate(expected);
  return [
    [
      'Against plan',
      `${formatRate(rate)} tokens/s while the engine worked, ${ratio} of the ${planned} that full micro-batches were expected to reach`,
    ],
  ];
}

function whereAny(label: string, count: number, what: string): Line[] {
  return count === 0 ? [] : [[label, `${formatCount(count)} ${what}`]];
}
