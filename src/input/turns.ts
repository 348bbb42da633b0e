import { invalid, isNone, kindOf, notFinite, objectOf, textOf } from './checks.js';
import type { Message } from './sample.js';

/** Fields of a message that templates put into the prompt, where ours has no place for them. */
const MESSAGE_FIELDS = ['tool_calls', 'function_call', 'reasoning_content', 'thinking'];

/**
 * The value of "messages" as a conversation whose last message is the assistant's.
 *
 * @throws InformError INFORM_INVALID_SAMPLE
 */
export function messagesOf(value: unknown): Message[] {
  const entries = listOf(value, '"messages"');
  if (entries.length === 0) throw invalid('"messages" is empty');
  const messages = entries.map((entry, index) => messageOf(entry, index));
  if (messages.at(-1)?.role !== 'assistant') {
    throw invalid(`the last of "messages" must be the assistant's but is the ${messages.at(-1)?.role ?? ''}'s`);
  }
  return messages;
}

function messageOf(entry: unknown, index: number): Message {
  const name = `"messages[${index}]`;
  const message = objectOf(entry, `${name}"`);
  const { role, content } = message;
  if (role === undefined) throw invalid(`${name}.role" is missing`);
  if (role !== 'system' && role !== 'user' && role !== 'assistant') {
    const found = typeof role === 'string' ? JSON.stringify(role.slice(0, 40)) : kindOf(role);
    throw invalid(`${name}.role" must be "system", "user" or "assistant" but is ${found}`);
  }
  if (role === 'system' && index > 0) throw invalid(`${name}" is a system message, which may only come first`);
  refuseFields(message, MESSAGE_FIELDS, (field) => `${name}.${field}"`);
  return { role, content: textOf(content, `${name}.content"`) };
}

/**
 * The value of "history", pairs of a question and its answer with the oldest first, as turns.
 *
 * @throws InformError INFORM_INVALID_SAMPLE
 */
export function historyOf(value: unknown): Message[] {
  if (isNone(value)) return [];
  return listOf(value, '"history"').flatMap((pair, index): Message[] => {
    const name = `history[${index}]`;
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw invalid(`"${name}" must be a pair [question, answer] but is ${kindOf(pair)}`);
    }
    return [
      { role: 'user', content: textOf(pair[0], `"${name}[0]"`) },
      { role: 'assistant', content: textOf(pair[1], `"${name}[1]"`) },
    ];
  });
}

/** Throws INFORM_INVALID_SAMPLE for the first of `fields` that is there: without it the prompt would be another. */
export function refuseFields(
  from: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  nameOf = (field: string): string => `"${field}"`,
): void {
  const field = fields.find((name) => !isNone(from[name]));
  if (field === undefined) return;
  throw invalid(
    `${nameOf(field)} belongs to the conversation but cannot be put into the prompt; remove it or the sample`,
  );
}

function listOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value === 'number' && !Number.isFinite(value)) throw notFinite(name);
  throw invalid(`${name} must be an array but is ${kindOf(value)}`);
}
