import { formatCount, formatDuration } from '../cli/terminal-progress.js';

/** How many ids of truncated samples are kept and shown: a run may have millions. */
const SHOWN_IDS = 10;

export interface ScoredSample {
  /** The id as JSON. */
  idJson: string;
  score: number;
  /** After truncation. */
  tokens: number;
  truncated: boolean;
  /** Whether its content holds the text of a special token, such as "<|eot_id|>". */
  holdsSpecialText: boolean;
}

/** What a run adds up to. */
export class RunStats {
  scored = 0;
  rejected = 0;
  truncated = 0;
  tokens = 0;
  specialTokenSamples = 0;
  min = Infinity;
  max = -Infinity;
  /** What an earlier run did of it; undefined where there was none. */
  resumed: { rows: number; scored: number; tokens: number } | undefined;
  readonly #firstTruncatedIds: string[] = [];
  #mean = 0;
  /** The sum of the squared distances from the mean. */
  #squares = 0;

  addScored({ idJson, score, tokens, truncated, holdsSpecialText }: ScoredSample): void {
    this.scored++;
    this.tokens += tokens;
    if (holdsSpecialText) this.specialTokenSamples++;
    if (truncated) {
      this.truncated++;
      if (this.#firstTruncatedIds.length < SHOWN_IDS) this.#firstTruncatedIds.push(idJson);
    }
    this.min = Math.min(this.min, score);
    this.max = Math.max(this.max, score);
    // Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4 (1962).
    const fromOldMean = score - this.#mean;
    this.#mean += fromOldMean / this.scored;
    this.#squares += fromOldMean * (score - this.#mean);
  }

  addRejected(): void {
    this.rejected++;
  }

  /** A row that an earlier run did; no sample for one that it rejected. */
  addResumed(sample?: ScoredSample): void {
    this.resumed ??= { rows: 0, scored: 0, tokens: 0 };
    this.resumed.rows++;
    if (sample === undefined) {
      this.addRejected();
      return;
    }
    this.resumed.scored++;
    this.resumed.tokens += sample.tokens;
    this.addScored(sample);
  }

  /** The ids (as JSON) of the first truncated samples, in the order they were added. */
  get firstTruncatedIds(): readonly string[] {
    return this.#firstTruncatedIds;
  }

  /** The mean score; undefined without scores. */
  get mean(): number | undefined {
    return this.scored === 0 ? undefined : this.#mean;
  }

  /** The sample standard deviation (n - 1 in the divisor, as pandas has it); undefined below two scores. */
  get standardDeviation(): number | undefined {
    return this.scored < 2 ? undefined : Math.sqrt(this.#squares / (this.scored - 1));
  }
}

export interface SummaryContext {
  /** How long scoring took, without loading the model. */
  seconds: number;
  /** The limit that truncated samples met, in tokens. */
  maxLength: number;
  output?: string | undefined;
  rejects?: string | undefined;
  /** The model's file, where it was made from what `model` names. */
  model?: string | undefined;
}

/** A run in a few aligned lines for people to read, with at most one warning about truncation. */
export function formatSummary(stats: RunStats, context: SummaryContext): string {
  const lines: [label: string, text: string][] = [['Scored', scoredText(stats, context.seconds)]];
  if (stats.resumed) {
    const before = `${formatCount(stats.resumed.scored)} were scored before`;
    lines.push(['Resumed', `${before}, which makes ${counted(stats.scored, 'score')} in all`]);
  }
  if (stats.rejected > 0) lines.push(['Rejected', withPath(counted(stats.rejected, 'sample'), context.rejects)]);
  if (stats.mean !== undefined) lines.push(['Scores', scoresText(stats, stats.mean)]);
  if (stats.specialTokenSamples > 0) {
    const text = `${counted(stats.specialTokenSamples, 'sample')} with the text of special tokens in the content`;
    lines.push(['Note', text]);
  }
  if (stats.truncated > 0) lines.push(['Warning', truncationText(stats, context.maxLength)]);
  if (context.model !== undefined) lines.push(['Model', context.model]);
  if (context.output !== undefined) lines.push(['Output', context.output]);
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, text]) => `${label.padEnd(width)}  ${text}\n`).join('');
}

function scoredText(stats: RunStats, seconds: number): string {
  const scored = stats.scored - (stats.resumed?.scored ?? 0);
  const tokens = stats.tokens - (stats.resumed?.tokens ?? 0);
  const done = `${counted(scored, 'sample')} (${counted(tokens, 'token')}) in ${formatDuration(seconds)}`;
  if (scored === 0 || seconds <= 0) return done;
  const samplesPerSecond = scored / seconds;
  const rate = samplesPerSecond < 100 ? samplesPerSecond.toPrecision(3) : formatCount(Math.round(samplesPerSecond));
  return `${done}: ${rate} samples/s, ${formatCount(Math.round(tokens / seconds))} tokens/s`;
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

function truncationText(stats: RunStats, maxLength: number): string {
  const ids = stats.firstTruncatedIds.join(', ');
  const more = stats.truncated - stats.firstTruncatedIds.length;
  const were = stats.truncated === 1 ? 'was' : 'were';
  return (
    `${counted(stats.truncated, 'sample')} ${were} longer than max_length (${formatCount(maxLength)} tokens) and ` +
    `cut at the end: ${stats.truncated === 1 ? 'id' : 'ids'} ${ids}${more > 0 ? ` and ${formatCount(more)} more` : ''}`
  );
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function withPath(text: string, path: string | undefined): string {
  return path === undefined ? text : `${text}, see ${path}`;
}

function shown(score: number): string {
  return score.toFixed(3);
}
