import { InformError } from '../errors.js';
import type { InputRow } from '../input/rows.js';
import type { Reading, SampleReader } from '../input/sample-reader.js';
import type { Job, Outcome } from '../scoring/job.js';
import type { RowScores } from './output/row-scores.js';
import type { ScoredSample } from './run-stats.js';

/** An answer of a row on its way through the engine, and the id that the row's result will carry: '' where it has none to come. */
export interface RowTag {
  row: InputRow;
  idJson: string;
  /** Which of the row's answers, from 0 on. */
  answer: number;
  of: number;
  answers: Reading['answers'];
}

/** What became of a row: a result, or the reason why there is none. */
export interface RowOutcome {
  row: InputRow;
  result: ScoredSample | InformError;
}

/** The jobs of a row: one for each answer. A row that cannot be read is one job, so that rejects keep the input's order. */
export function jobsOf(row: InputRow, reader: SampleReader, idOf: (row: InputRow) => string): Job<RowTag>[] {
  const reading = row.ok ? readingOf(row.value, reader) : row.error;
  const characters = row.text?.length;
  if (reading instanceof InformError) {
    return [{ tag: { row, idJson: '', answer: 0, of: 1, answers: 'one' }, conversation: reading, characters }];
  }
  const { conversations, answers } = reading;
  const idJson = idOf(row);
  return conversations.map((conversation, answer) => ({
    tag: { row, idJson, answer, of: conversations.length, answers },
    conversation,
    characters: characters && Math.ceil(characters / conversations.length),
  }));
}

function readingOf(value: unknown, reader: SampleReader): Reading | InformError {
  try {
    return reader.read(value);
  } catch (error) {
    if (error instanceof InformError) return error;
    throw error;
  }
}

/** Outcomes of answers, which come in the input's order, as those of their rows: one with an answer without a score has none. */
export async function* rowOutcomes(outcomes: AsyncIterable<Outcome<RowTag>>): AsyncGenerator<RowOutcome> {
  let held: Outcome<RowTag>[] = [];
  for await (const outcome of outcomes) {
    held.push(outcome);
    if (held.length < outcome.tag.of) continue;
    yield { row: outcome.tag.row, result: resultOf(held, outcome.tag) };
    held = [];
  }
}

function resultOf(outcomes: readonly Outcome<RowTag>[], { idJson, answers }: RowTag): ScoredSample | InformError {
  const scores: number[] = [];
  let [tokens, truncated, holdsSpecialText] = [0, false, false];
  for (const outcome of outcomes) {
    if (outcome.error !== undefined) return withAnswer(outcome.error, outcome.tag);
    scores.push(outcome.score);
    tokens += outcome.tokens;
    truncated ||= outcome.truncated;
    holdsSpecialText ||= outcome.holdsSpecialText;
  }
  return { idJson, score: scoresOf(scores, answers), tokens, truncated, holdsSpecialText };
}

function scoresOf(scores: readonly number[], answers: Reading['answers']): RowScores {
  const [first = NaN, second = NaN] = scores;
  if (answers === 'list') return scores;
  return answers === 'pair' ? { chosen: first, rejected: second } : first;
}

function withAnswer(error: InformError, { answer, of }: RowTag): InformError {
  if (of === 1) return error;
  return new InformError(error.code, `answer ${answer + 1} of ${of}: ${error.message}`, { cause: error });
}
