import { InformError } from '../errors.js';
import { readRows, type InputRow } from '../input/rows.js';
import { SampleReader } from '../input/sample-reader.js';
import type { Message } from '../input/sample.js';
import { fieldOf } from '../curate/text.js';

/** A question of a benchmark with its answers, the right ones first. */
export interface Item {
  /** The row's id as JSON: its own, else its number, as results have it. */
  idJson: string;
  /** Its subset, or another group that it belongs to; '' where it has none. */
  group: string;
  /** How many of the answers, from the first on, are right. */
  correct: number;
  /** Characters of each answer. */
  lengths: number[];
}

/** An item with the conversations to score, one for each answer. */
export interface ReadItem {
  item: Item;
  conversations: Message[][];
}

/**
 * Reads a benchmark: rows with a prompt and a chosen and a rejected answer, or a list of either. A benchmark is whole or it is none, so
 * the first row that cannot be read ends it.
 *
 * @param groupField the dotted path of the field to group by
 * @throws InformError INFORM_INVALID_SAMPLE, INFORM_INPUT_UNREADABLE
 */
export async function* readItems(data: readonly string[], groupField = 'subset'): AsyncGenerator<ReadItem> {
  const reader = new SampleReader();
  for await (const row of readRows(data)) {
    try {
      if (!row.ok) throw row.error;
      yield readItem(reader, row, row.value, groupField);
    } catch (error) {
      if (!(error instanceof InformError)) throw error;
      const place = `${row.file}, line ${row.line}`;
      throw new InformError(error.code, `${place}: ${error.message}`, { cause: error });
    }
  }
}

function readItem(reader: SampleReader, row: InputRow, value: unknown, groupField: string): ReadItem {
  const { chosen, rejected, prompt, num_correct: told } = (value ?? {}) as Record<string, unknown>;
  const several = isTexts(chosen) && isTexts(rejected);
  const { answers, conversations } = reader.read(
    several ? { prompt: turnsOf(prompt), responses: [...chosen, ...rejected] } : withTurns(value),
  );
  if (!several && answers !== 'pair') {
    throw new InformError('INFORM_INVALID_SAMPLE', 'the row has no "chosen" and "rejected" answers to tell apart');
  }
  const correct = !several ? 1 : Number.isSafeInteger(told) ? (told as number) : chosen.length;
  const item = {
    idJson: row.id?.json ?? String(row.row),
    group: fieldOf(value, groupField) ?? '',
    correct,
    lengths: conversations.map((turns) => turns.at(-1)?.content.length ?? 0),
  };
  return { item, conversations };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'string');
}

/** A benchmark's prompt is what the user says, whatever it looks like: as a turn nothing in it is taken for markup. */
function withTurns(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('prompt' in value)) return value;
  return { ...value, prompt: turnsOf(value.prompt) };
}

function turnsOf(prompt: unknown): unknown {
  return typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
}
