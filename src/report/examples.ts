import { readScoredRows } from '../curate/scored-rows.js';
import { checkedConversation } from '../input/sample.js';
import { InformError } from '../errors.js';
import { numbersInOrder, type ScoredSet } from './collect.js';

/** Characters of a text that are shown. */
const MOST_SHOWN = 3000;
const EACH = 4;
const PROMPTS = 8;

/** A row to read. */
export interface Example {
  row: number;
  idJson: string;
  score: number;
  turns: { role: string; content: string }[];
}

interface PromptExample {
  answers: number;
  best: Example;
  worst: Example;
}

export interface Examples {
  best: Example[];
  median: Example[];
  worst: Example[];
  /** Prompts whose answers' scores are furthest apart. */
  prompts: PromptExample[];
}

/** Reads the rows that are shown: the best, the middle, the worst, and both ends of the prompts with the widest spread. */
export async function readExamples(set: ScoredSet, data: string): Promise<Examples> {
  const order = numbersInOrder(set);
  const middle = Math.max(0, Math.floor(order.length / 2 - EACH / 2));
  const chosen = {
    best: order.slice(0, EACH),
    median: order.slice(middle, middle + EACH),
    worst: order.slice(-EACH).toReversed(),
  };
  const spreads = [...set.prompts.values()]
    .filter(({ highest, lowest }) => highest > lowest)
    .sort((a, b) => b.highest - b.lowest - (a.highest - a.lowest))
    .slice(0, PROMPTS);
  const wanted = new Set([
    ...Object.values(chosen).flat(),
    ...spreads.flatMap(({ highestRow, lowestRow }) => [highestRow, lowestRow]),
  ]);
  const found = await read(set, data, wanted);
  const all = (rows: readonly number[]): Example[] => rows.flatMap((row) => found.get(row) ?? []);
  return {
    best: all(chosen.best),
    median: all(chosen.median),
    worst: all(chosen.worst),
    prompts: spreads.flatMap(({ answers, highestRow, lowestRow }) => {
      const [best, worst] = [found.get(highestRow), found.get(lowestRow)];
      return best === undefined || worst === undefined ? [] : [{ answers, best, worst }];
    }),
  };
}

async function read({ name }: ScoredSet, data: string, wanted: ReadonlySet<number>): Promise<Map<number, Example>> {
  const found = new Map<number, Example>();
  let number = -1;
  for await (const { row, idJson, score } of readScoredRows({ data: [data], scores: name })) {
    number++;
    if (!wanted.has(number) || score === undefined || !row.ok) continue;
    const turns = checkedConversation(row.value);
    if (turns instanceof InformError) continue;
    found.set(number, {
      row: number,
      idJson,
      score,
      turns: turns.map(({ role, content }) => ({ role, content: shown(content) })),
    });
  }
  return found;
}

function shown(text: string): string {
  if (text.length <= MOST_SHOWN) return text;
  return `${text.slice(0, MOST_SHOWN)}\n… and ${text.length - MOST_SHOWN} characters more`;
}
