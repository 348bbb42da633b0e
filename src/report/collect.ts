import { readScoredRows, type ScoredRow } from '../curate/scored-rows.js';
import { bestOf, type AnswerScores } from '../curate/answer-scores.js';
import { fieldOf, textKey, type TextReader } from '../curate/text.js';
import { InformError } from '../errors.js';
import { rejectKind } from '../input/rejects.js';
import { CutRows, Rejects } from './run-files.js';

/** Fields that say where a row is from, the first that a data set has. */
const GROUP_FIELDS = ['source', 'category', 'subset', 'dataset', 'task', 'domain', 'cluster'];
/** So many kinds of reasons are told apart. */
const MOST_REASONS = 1000;
/** A field with more values than this is no grouping. */
const MAX_GROUPS = 200;

/** An answer by its row and its place in it. */
export interface AnswerPlace {
  row: number;
  answer: number;
}

/** The best and the worst answer to one prompt. */
interface PromptSpread {
  answers: number;
  lowest: number;
  highest: number;
  worst: AnswerPlace;
  best: AnswerPlace;
}

/** What a report knows of one file of scores; the lists have a place for each scored row. */
export interface ScoredSet {
  name: string;
  /** What a row's score is: that of its answer, the margin of a pair, the best of several. */
  answers: AnswerScores['answers'];
  /** All rows, or the scored ones where the data is not given. */
  rows: number;
  scores: number[];
  /** The row of each score, from 0. */
  rowNumbers: number[];
  /** Characters of each answer, of several the best one's; empty without the data, and for pairs. */
  lengths: number[];
  groupField: string | undefined;
  /** The group of each scored row, by its place in `groupNames`. */
  groups: number[];
  groupNames: string[];
  prompts: Map<string, PromptSpread>;
  /** Rows without a score, by the kind of reason. */
  missing: Map<string, { reason: string; rows: number }>;
  /** Places in the lists of the rows whose sequences were cut; undefined where the run's log is not given. */
  cut: number[] | undefined;
}

export interface CollectOptions {
  /** The rows that were scored. */
  data: string | undefined;
  /** The field to group by; undefined: the first of the usual ones that the data has. */
  by: string | undefined;
  /** The log of the run. */
  log: string | undefined;
  reader: TextReader;
}

/**
 * Reads a file of scores, with the data that was scored where it is given: what is remembered of a row is a few numbers.
 *
 * @throws InformError INFORM_SCORES_DO_NOT_FIT, INFORM_INPUT_UNREADABLE
 */
export async function collect(scores: string, { data, by, log, reader }: CollectOptions): Promise<ScoredSet> {
  const cut = log === undefined ? undefined : await CutRows.read(log, data !== undefined);
  const collector = new Collector(scores, by, reader, cut);
  const files = data === undefined ? { data: [scores], scores: undefined } : { data: [data], scores };
  const rejects = await Rejects.beside(scores);
  try {
    let number = 0;
    for await (const row of readScoredRows(files)) {
      const reason = row.score === undefined ? await rejects?.reasonOf(number) : undefined;
      collector.add(reason === undefined ? row : { ...row, missing: reason });
      number++;
    }
    // Results alone have no line for a rejected row.
    if (data === undefined && !collector.hasMissing) {
      for await (const reason of rejects?.reasons() ?? []) collector.addMissing(reason);
    }
  } finally {
    await rejects?.close();
  }
  cut?.end(scores);
  return collector.end();
}

class Collector {
  readonly #set: ScoredSet;
  readonly #groupOf = new Map<string, number>();
  #row = -1;

  constructor(
    name: string,
    private readonly by: string | undefined,
    private readonly reader: TextReader,
    private readonly cut: CutRows | undefined,
  ) {
    this.#set = {
      name,
      answers: 'one',
      rows: 0,
      scores: [],
      rowNumbers: [],
      lengths: [],
      groupField: by,
      groups: [],
      groupNames: [],
      prompts: new Map(),
      missing: new Map(),
      cut: cut === undefined ? undefined : [],
    };
  }

  get hasMissing(): boolean {
    return this.#set.missing.size > 0;
  }

  addMissing(reason: string): void {
    const { missing } = this.#set;
    this.#set.rows++;
    const kind = rejectKind(reason);
    const [key, shown] = missing.has(kind) || missing.size < MOST_REASONS ? [kind, reason] : ['', 'other reasons'];
    const known = missing.get(key);
    if (known === undefined) missing.set(key, { reason: shown, rows: 1 });
    else known.rows++;
  }

  add(scored: ScoredRow): void {
    const { row, score, scores, missing } = scored;
    const set = this.#set;
    this.#row++;
    if (score === undefined || scores === undefined) {
      this.addMissing(missing ?? '');
      return;
    }
    set.rows++;
    set.answers = scores.answers;
    if (this.cut?.has(scored) === true) set.cut?.push(set.scores.length);
    set.scores.push(score);
    set.rowNumbers.push(this.#row);
    if (!row.ok) return;
    const texts = this.reader.textsOf(row.value);
    if (!(texts instanceof InformError)) {
      if (scores.answers !== 'pair') set.lengths.push(texts.answers[bestOf(scores.values)]?.length ?? 0);
      for (const [answer, value] of scores.values.entries()) this.#addPrompt(texts.prompt, value, answer);
    }
    set.groups.push(this.#groupNumber(row.value));
  }

  /** @throws InformError INFORM_INVALID_ARGUMENT where no row has the field to group by */
  end(): ScoredSet {
    const set = this.#set;
    const named = this.#groupOf.size > 1 || (this.#groupOf.size === 1 && !this.#groupOf.has(NO_VALUE));
    if (this.by !== undefined && !named) {
      throw new InformError(
        'INFORM_INVALID_ARGUMENT',
        `No row has the field "${this.by}" that --by names. Check its name.`,
      );
    }
    if (!named || set.groupNames.length > MAX_GROUPS) set.groupField = undefined;
    // Rows that are no samples have no length; a list with gaps would put lengths to other rows' scores.
    if (set.lengths.length !== set.scores.length) set.lengths = [];
    return set;
  }

  #addPrompt(prompt: string, score: number, answer: number): void {
    const key = textKey(prompt);
    const place: AnswerPlace = { row: this.#row, answer };
    const known = this.#set.prompts.get(key);
    if (known === undefined) {
      this.#set.prompts.set(key, { answers: 1, lowest: score, highest: score, worst: place, best: place });
      return;
    }
    known.answers++;
    if (score < known.lowest) Object.assign(known, { lowest: score, worst: place });
    if (score > known.highest) Object.assign(known, { highest: score, best: place });
  }

  #groupNumber(value: unknown): number {
    this.#set.groupField ??= GROUP_FIELDS.find((field) => fieldOf(value, field) !== undefined);
    const { groupField } = this.#set;
    const name = (groupField === undefined ? undefined : fieldOf(value, groupField)) ?? NO_VALUE;
    const known = this.#groupOf.get(name);
    if (known !== undefined) return known;
    this.#groupOf.set(name, this.#set.groupNames.length);
    return this.#set.groupNames.push(name) - 1;
  }
}

const NO_VALUE = '(none)';

/** What the rows' scores are, in words. */
export function measureOf(answers: AnswerScores['answers']): string {
  return { one: 'reward score', pair: 'margin, chosen less rejected', list: 'best score of the answers' }[answers];
}

/** The rows' numbers, the best score first. */
export function numbersInOrder({ scores, rowNumbers }: ScoredSet): number[] {
  const order = scores.map((_, i) => i).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  return order.map((i) => rowNumbers[i] ?? 0);
}
