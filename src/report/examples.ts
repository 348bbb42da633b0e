import { readScoredRows, type ScoredRow } from '../curate/scored-rows.js';
import type { TextReader } from '../curate/text.js';
import { InformError } from '../errors.js';
import type { Message } from '../input/sample.js';
import { numbersInOrder, type AnswerPlace, type ScoredSet } from './collect.js';

/** Characters of a text that are shown. */
const MOST_SHOWN = 3000;
const EACH = 4;
const PROMPTS = 8;
/** Of a row with more answers the best ones and the worst are shown. */
const MOST_ANSWERS = 6;

/** A row to read. */
export interface Example {
  row: number;
  idJson: string;
  score: number;
  /** The turns before the answer. */
  turns: readonly Message[];
  /** The best first; of very many some. */
  answers: readonly ExampleAnswer[];
}

export interface ExampleAnswer {
  /** Its place in the row. */
  answer: number;
  /** How the data calls it. */
  name: string;
  score: number;
  text: string;
}

interface PromptExample {
  answers: number;
  turns: readonly Message[];
  best: ExampleAnswer;
  worst: ExampleAnswer;
}

export interface Examples {
  best: Example[];
  median: Example[];
  worst: Example[];
  /** The first ones that were cut. */
  cut: Example[];
  /** Prompts whose answers' scores are furthest apart. */
  prompts: PromptExample[];
}

/** Reads the rows that are shown: the best, the middle, the worst, some that were cut, and both ends of the prompts with the widest spread. */
export async function readExamples(set: ScoredSet, data: string, reader: TextReader): Promise<Examples> {
  const order = numbersInOrder(set);
  const middle = Math.max(0, Math.floor(order.length / 2 - EACH / 2));
  const chosen = {
    best: order.slice(0, EACH),
    median: order.slice(middle, middle + EACH),
    worst: order.slice(-EACH).toReversed(),
    cut: (set.cut ?? []).slice(0, EACH).map((place) => set.rowNumbers[place] ?? 0),
  };
  const spreads = [...set.prompts.values()]
    .filter(({ highest, lowest }) => highest > lowest)
    .sort((a, b) => b.highest - b.lowest - (a.highest - a.lowest))
    .slice(0, PROMPTS);
  const places = spreads.flatMap(({ best, worst }) => [best, worst]);
  const found = await read(set, data, reader, {
    rows: new Set([...Object.values(chosen).flat(), ...places.map(({ row }) => row)]),
    answers: new Set(places.map(keyOf)),
  });
  const all = (rows: readonly number[]): Example[] => rows.flatMap((row) => found.get(row) ?? []);
  const at = (place: AnswerPlace): ExampleAnswer | undefined =>
    found.get(place.row)?.answers.find(({ answer }) => answer === place.answer);
  return {
    best: all(chosen.best),
    median: all(chosen.median),
    worst: all(chosen.worst),
    cut: all(chosen.cut),
    prompts: spreads.flatMap((spread) => {
      const [best, worst] = [at(spread.best), at(spread.worst)];
      const turns = found.get(spread.best.row)?.turns ?? [];
      return best === undefined || worst === undefined ? [] : [{ answers: spread.answers, turns, best, worst }];
    }),
  };
}

interface Wanted {
  rows: ReadonlySet<number>;
  answers: ReadonlySet<string>;
}

function keyOf({ row, answer }: AnswerPlace): string {
  return `${row} ${answer}`;
}

async function read(
  { name }: ScoredSet,
  data: string,
  reader: TextReader,
  wanted: Wanted,
): Promise<Map<number, Example>> {
  const found = new Map<number, Example>();
  let number = -1;
  for await (const scored of readScoredRows({ data: [data], scores: name })) {
    number++;
    if (!wanted.rows.has(number)) continue;
    const example = exampleOf(scored, number, reader, wanted);
    if (example !== undefined) found.set(number, example);
  }
  return found;
}

function exampleOf(
  { row, idJson, score, scores }: ScoredRow,
  number: number,
  reader: TextReader,
  wanted: Wanted,
): Example | undefined {
  if (score === undefined || scores === undefined || !row.ok) return undefined;
  const conversations = reader.conversationsOf(row.value);
  if (conversations instanceof InformError) return undefined;
  const names = { one: ['assistant'], pair: ['chosen', 'rejected'], list: [] as string[] }[scores.answers];
  const ranked = [...scores.values.entries()].sort(([, a], [, b]) => b - a);
  const shownAnswers = ranked.filter(
    ([answer], place) =>
      place < MOST_ANSWERS - 1 || place === ranked.length - 1 || wanted.answers.has(keyOf({ row: number, answer })),
  );
  return {
    row: number,
    idJson,
    score,
    turns: (conversations[0] ?? []).slice(0, -1).map(({ role, content }) => ({ role, content: shown(content) })),
    answers: shownAnswers.map(([answer, value]) => ({
      answer,
      name: names[answer] ?? `answer ${answer + 1}`,
      score: value,
      text: shown(conversations[answer]?.at(-1)?.content ?? ''),
    })),
  };
}

function shown(text: string): string {
  if (text.length <= MOST_SHOWN) return text;
  return `${text.slice(0, MOST_SHOWN)}\n… and ${text.length - MOST_SHOWN} characters more`;
}
