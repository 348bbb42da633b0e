import { InformError } from '../../errors.js';
import { counted } from '../../util/format.js';
import { pythonValues, type PythonValue } from './python-values.js';
import type { Message, Role } from '../../input/sample.js';

/** A conversation of a model card's example, and the score that its authors got. */
export interface PublishedScore {
  readonly messages: readonly Message[];
  readonly score: number;
}

const PYTHON_BLOCK = /^(`{3,}|~{3,})[ \t]*(?:python|py)[^\n]*\n([\s\S]*?)\n\1[ \t]*$/gm;

/** What a comment or a line of printed output says of a score: "# Score for response 1: 23.0", "# Output: 4.96875". */
const SCORE_LINE = /^[ \t]*#?[ \t]*[^\n:=]*(?:score|reward|output)[^\n:=]*[:=][ \t]*\[?([-+\d.,eE \t]+)\]?[ \t]*$/gim;

/** A number alone in a comment below "# Expected output:". */
const NUMBER_LINE = /^[ \t]*#[ \t]*\[?(-?\d+\.\d+(?:[ \t]*,[ \t]*-?\d+\.\d+)*)\]?[ \t]*$/gm;

/**
 * The scores that a model card publishes: of the first example in Python that states whole conversations and as many scores as those,
 * in the same order. The example is read, not run.
 *
 * @param card text of the card
 * @param name how the user knows the card
 * @throws InformError INFORM_INVALID_CHECKPOINT where there is no such example
 */
export function publishedScores(card: string, name: string): PublishedScore[] {
  const seen: string[] = [];
  for (const [, , code = ''] of card.matchAll(PYTHON_BLOCK)) {
    const conversations = conversationsIn(code);
    const scores = scoresIn(code);
    if (conversations.length > 0 && conversations.length === scores.length) {
      return conversations.map((messages, i) => ({ messages, score: scores[i] ?? NaN }));
    }
    if (conversations.length > 0)
      seen.push(`${counted(conversations.length, 'conversation')} and ${counted(scores.length, 'score')}`);
  }
  const found = seen.length === 0 ? 'no example in Python with a conversation' : `only ${seen.join(', then ')}`;
  throw new InformError(
    'INFORM_INVALID_CHECKPOINT',
    `${name} publishes nothing that can be verified: it has ${found}, where each conversation needs a score in a comment. Name another file with --card.`,
  );
}

function conversationsIn(code: string): Message[][] {
  return [...pythonValues(code).values()].flatMap((value): Message[][] => {
    const one = conversationOf(value);
    if (one !== undefined) return [one];
    // A list of conversations.
    const several = Array.isArray(value) ? value.map(conversationOf) : [];
    return several.length > 0 && several.every((messages) => messages !== undefined) ? several : [];
  });
}

/** Turns that end with an answer. */
function conversationOf(value: PythonValue): Message[] | undefined {
  if (!Array.isArray(value) || value.length < 2) return undefined;
  const messages: Message[] = [];
  for (const turn of value) {
    if (turn === null || typeof turn !== 'object' || Array.isArray(turn)) return undefined;
    const { role, content } = turn;
    if (!isRole(role) || typeof content !== 'string') return undefined;
    messages.push({ role, content });
  }
  return messages.at(-1)?.role === 'assistant' ? messages : undefined;
}

function isRole(value: PythonValue | undefined): value is Role {
  return value === 'system' || value === 'user' || value === 'assistant';
}

/** In the order of the lines; numbers without a name count only where no line names a score. */
function scoresIn(code: string): number[] {
  for (const pattern of [SCORE_LINE, NUMBER_LINE]) {
    const scores = [...code.matchAll(pattern)].flatMap(([, numbers = '']) => numbersIn(numbers));
    if (scores.length > 0) return scores;
  }
  return [];
}

function numbersIn(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.every((part) => /^[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(part)) ? parts.map(Number) : [];
}
