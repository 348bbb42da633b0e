import { createHash } from 'node:crypto';
import { valueAt } from '../input/field-map.js';
import { checkedConversation, type Message } from '../input/sample.js';
import { InformError } from '../errors.js';

/** What is looked at in a row's texts. */
export interface RowTexts {
  /** All turns but the answer, with their roles; what answers are compared within. */
  prompt: string;
  /** The answer that is scored. */
  answer: string;
  /** All of the conversation. */
  all: string;
}

/** The texts of a sample, or undefined where the row is none. */
export function textsOf(value: unknown): RowTexts | undefined {
  const turns = checkedConversation(value);
  if (turns instanceof InformError) return undefined;
  const answer = turns.at(-1)?.content ?? '';
  return {
    prompt: JSON.stringify(turns.slice(0, -1)),
    answer,
    all: turns.map(({ content }: Message) => content).join('\n'),
  };
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
