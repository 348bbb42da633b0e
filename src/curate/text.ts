import { createHash } from 'node:crypto';
import { valueAt } from '../input/field-map.js';
import type { Message } from '../input/sample.js';
import { SampleReader } from '../input/sample-reader.js';
import { InformError } from '../errors.js';

/** What is looked at in a row's texts. */
export interface RowTexts {
  /** All turns but the answer, with their roles; what answers are compared within. */
  prompt: string;
  /** The answers that are scored. */
  answers: string[];
  /** All of the conversation, and of the others where there are several. */
  all: string;
}

/** Reads the texts of rows. */
export class TextReader {
  readonly #reader: SampleReader;

  /** @param map where the fields of a sample stand in a row, as `--map` has it. Throws INFORM_INVALID_CONFIG */
  constructor(map: readonly string[] = []) {
    this.#reader = new SampleReader({ map });
  }

  /** The conversations of a sample, one for each answer, or why it is none. */
  conversationsOf(value: unknown): Message[][] | InformError {
    try {
      return this.#reader.read(value).conversations;
    } catch (error) {
      if (error instanceof InformError) return error;
      throw error;
    }
  }

  textsOf(value: unknown): RowTexts | InformError {
    const conversations = this.conversationsOf(value);
    if (conversations instanceof InformError) return conversations;
    const prompt = conversations[0]?.slice(0, -1) ?? [];
    const answers = conversations.map((turns) => turns.at(-1)?.content ?? '');
    return {
      prompt: JSON.stringify(prompt),
      answers,
      all: [...prompt.map(({ content }) => content), ...answers].join('\n'),
    };
  }
}

/** Every text in a JSON value, whatever its form: evaluation sets have many. */
export function allTexts(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(allTexts).filter(Boolean).join('\n');
}

/**
 * The words of a text for comparing: Unicode's compatibility form (NFKC) in lower case, runs of letters, marks and digits. Scripts that
 * are written without spaces give a word for each character.
 */
export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase();
  return plain.match(UNSPACED.test(plain) ? WORD_OR_CHARACTER : WORD) ?? [];
}

const SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer'].map((name) => `\\p{Script=${name}}`).join('');
const UNSPACED = new RegExp(`[${SCRIPTS}]`, 'u');
const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const WORD_OR_CHARACTER = new RegExp(`[${SCRIPTS}]|(?:(?![${SCRIPTS}])[\\p{L}\\p{M}\\p{N}])+`, 'gu');

/** The value at a path, as `--map` reads it, as text; undefined where there is none. */
export function fieldOf(value: unknown, path: string): string | undefined {
  const found = valueAt(value, path);
  if (found === undefined || found === null) return undefined;
  return typeof found === 'string' ? found : JSON.stringify(found);
}

/** What tells a text from others in the place of the text itself: 132 bits of its SHA-256. */
export function textKey(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 22);
}
