import { InformError } from '../errors.js';
import { isAbsent } from '../util/is-absent.js';

export type Role = 'system' | 'user' | 'assistant';

export interface Message {
  role: Role;
  content: string;
}

/** A single-turn sample: the instruction (and its input, on a line of its own) asked, the output answered. */
export interface InstructionSample {
  instruction: string;
  input?: string | null | undefined;
  output: string;
  id?: SampleId | null | undefined;
}

/** A conversation whose last message, the one to score, is the assistant's. */
export interface MessagesSample {
  messages: Message[];
  id?: SampleId | null | undefined;
}

export type Sample = InstructionSample | MessagesSample;

export type SampleId = string | number;

/**
 * Checks a sample from outside and gives the conversation to score. Nothing is trimmed here: the chat template decides
 * about that. Fields that are not named in `Sample` are ignored.
 *
 * @throws InformError INFORM_INVALID_SAMPLE, its message the reason
 */
export function toMessages(value: unknown): Message[] {
  const sample = objectOf(value, 'The sample');
  if (!isAbsent(sample['messages'])) {
    if (!isAbsent(sample['instruction'])) {
      throw invalid('"messages" and "instruction" are both given; choose one');
    }
    return conversationOf(sample['messages']);
  }
  const instruction = textOf(sample['instruction'], '"instruction"');
  const input = isAbsent(sample['input']) ? '' : stringOf(sample['input'], '"input"');
  const output = textOf(sample['output'], '"output"');
  return [
    { role: 'user', content: input === '' ? instruction : `${instruction}\n${input}` },
    { role: 'assistant', content: output },
  ];
}

/** As `toMessages`, with the error as a value: what is no sample keeps its place among the others. */
export function checkedConversation(value: unknown): Message[] | InformError {
  try {
    return toMessages(value);
  } catch (error) {
    if (error instanceof InformError) return error;
    throw error;
  }
}

/**
 * The `id` of a sample, or undefined where it is absent or null.
 *
 * @throws InformError INFORM_INVALID_SAMPLE when it is neither a string nor a finite number
 */
export function toId(value: unknown): SampleId | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value === 'string' || Number.isFinite(value)) return value as SampleId;
  if (typeof value === 'number') throw invalid('"id" must be a finite number');
  throw invalid(`"id" must be a string or a number but is ${kindOf(value)}`);
}

function conversationOf(value: unknown): Message[] {
  if (!Array.isArray(value)) throw invalid(`"messages" must be an array but is ${kindOf(value)}`);
  if (value.length === 0) throw invalid('"messages" is empty');
  const messages = value.map((entry: unknown, index) => messageOf(entry, index));
  if (messages.at(-1)?.role !== 'assistant') {
    throw invalid(`the last of "messages" must be the assistant's but is the ${messages.at(-1)?.role ?? ''}'s`);
  }
  return messages;
}

function messageOf(entry: unknown, index: number): Message {
  const name = `"messages[${index}]`;
  const { role, content } = objectOf(entry, `${name}"`);
  if (role === undefined) throw invalid(`${name}.role" is missing`);
  if (role !== 'system' && role !== 'user' && role !== 'assistant') {
    const found = typeof role === 'string' ? JSON.stringify(role.slice(0, 40)) : kindOf(role);
    throw invalid(`${name}.role" must be "system", "user" or "assistant" but is ${found}`);
  }
  if (role === 'system' && index > 0) throw invalid(`${name}" is a system message, which may only come first`);
  return { role, content: textOf(content, `${name}.content"`) };
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${name} must be a JSON object but is ${kindOf(value)}`);
  }
  return value as Record<string, unknown>;
}

/** A string of one character or more. White space alone counts: the published model scores it too. */
function textOf(value: unknown, name: string): string {
  const text = stringOf(value, name);
  if (text === '') throw invalid(`${name} is empty`);
  return text;
}

// With the `u` flag a paired surrogate is one character outside this class, so only an unpaired one matches.
const UNPAIRED_SURROGATE = /[\uD800-\uDFFF]/u;

function stringOf(value: unknown, name: string): string {
  if (value === undefined) throw invalid(`${name} is missing`);
  if (typeof value !== 'string') throw invalid(`${name} must be a string but is ${kindOf(value)}`);
  // Such a text has no UTF-8 form, so the tokenizer would have to see something else than what was given.
  if (UNPAIRED_SURROGATE.test(value)) throw invalid(`${name} holds an unpaired surrogate and is not valid Unicode`);
  return value;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function invalid(reason: string): InformError {
  return new InformError('INFORM_INVALID_SAMPLE', reason);
}
