import type { RunStats } from '../run/run-stats.js';
import { counted, formatCount, formatDuration, formatRate } from '../util/format.js';
import { histogramLines, type ChartRoom } from './histogram-text.js';
import { alignedLines, type Line } from './table.js';

export interface SummaryContext {
  /** How long scoring took, without loading the model. */
  seconds: number;
  /** The limit that truncated samples met, in tokens. */
  maxLength: number;
  output?: string | undefined;
  rejects?: string | undefined;
  /** The model's file, where it was made from what `model` names. */
  model?: string | undefined;
  /** Where a histogram is drawn; undefined where nobody would look at it. */
  chart?: ChartRoom | undefined;
}

/** Of fewer scores quantiles and a picture say nothing that the scores themselves do not. */
const LEAST_SPREAD = 20;
const BINS = 10;

/** A run in a few aligned lines for people to read, with at most one warning about truncation. */
export function formatSummary(stats: RunStats, context: SummaryContext): string {
  const lines: Line[] = [['Scored', scoredText(stats, context.seconds)]];
  if (stats.resumed) {
    const before = `${formatCount(stats.resumed.scored)} were scored before`;
    lines.push(['Resumed', `${before}, which makes ${counted(stats.scored, 'score')} in all`]);
  }
  if (stats.rejected > 0) lines.push(['Rejected', withPath(counted(stats.rejected, 'sample'), context.rejects)]);
  if (stats.mean !== undefined) lines.push(['Scores', scoresText(stats, stats.mean)]);
  if (stats.counts.count >= LEAST_SPREAD && stats.max > stats.min) {
    lines.push(['Quantiles', quantilesText(stats)]);
    if (context.chart !== undefined) {
      lines.push(...histogramLines(stats.counts.histogram(BINS), context.chart).map((text): Line => ['', text]));
    }
  }
  if (stats.specialTokenSamples > 0) {
    const text = `${counted(stats.specialTokenSamples, 'sample')} with the text of special tokens in the content`;
    lines.push(['Note', text]);
  }
  if (stats.truncated > 0) lines.push(['Warning', truncationText(stats, context.maxLength)]);
  if (context.model !== undefined) lines.push(['Model', context.model]);
  if (context.output !== undefined) lines.push(['Output', context.output]);
  return alignedLines(lines);
}

function scoredText(stats: RunStats, seconds: number): string {
  const scored = stats.scored - (stats.resumed?.scored ?? 0);
  const tokens = stats.tokens - (stats.resumed?.tokens ?? 0);
  const done = `${counted(scored, 'sample')} (${counted(tokens, 'token')}) in ${formatDuration(seconds)}`;
  if (scored === 0 || seconds <= 0) return done;
  const samplesPerSecond = scored / seconds;
  const rate = samplesPerSecond < 100 ? samplesPerSecond.toPrecision(3) : formatCount(Math.round(samplesPerSecond));
  return `${done}: ${rate} samples/s, ${formatRate(tokens / seconds)} tokens/s`;
}

function scoresText(stats: RunStats, mean: number): string {
  const deviation = stats.standardDeviation;
  return [
    `mean ${shown(mean)}`,
    ...(deviation === undefined ? [] : [`standard deviation ${shown(deviation)}`]),
    `min ${shown(stats.min)}`,
    `max ${shown(stats.max)}`,
  ].join(', ');
}

function quantilesText({ counts }: RunStats): string {
  return [0.05, 0.25, 0.5, 0.75, 0.95]
    .map((share) => `${share === 0.5 ? 'median' : `${share * 100} %`} ${shown(counts.quantile(share))}`)
    .join(', ');
}

function truncationText(stats: RunStats, maxLength: number): string {
  const ids = stats.firstTruncatedIds.join(', ');
  const more = stats.truncated - stats.firstTruncatedIds.length;
  const were = stats.truncated === 1 ? 'was' : 'were';
  return (
    `${counted(stats.truncated, 'sample')} ${were} longer than max_length (${formatCount(maxLength)} tokens) and ` +
    `cut: ${stats.truncated === 1 ? 'id' : 'ids'} ${ids}${more > 0 ? ` and ${formatCount(more)} more` : ''}`
  );
}

function withPath(text: string, path: string | undefined): string {
  return path === undefined ? text : `${text}, see ${path}`;
}

function shown(score: number): string {
  return score.toFixed(3);
}
