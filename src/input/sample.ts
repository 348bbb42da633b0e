import { InformError } from '../errors.js';
import { invalid, kindOf } from './checks.js';
import { SampleReader } from './sample-reader.js';

export type Role = 'system' | 'user' | 'assistant';

export interface Message {
  role: Role;
  content: string;
}

/** What both forms of a sample may have. */
export interface AnySample {
  id?: SampleId | null | undefined;
  /** The system message, for a conversation that has none. "system_prompt" and "system_message" are the same. */
  system?: string | null | undefined;
  system_prompt?: string | null | undefined;
  system_message?: string | null | undefined;
}

/** An instruction (and its input, on a line of its own) asked, the output answered, after the turns of its history. */
export interface InstructionSample extends AnySample {
  instruction: string;
  input?: string | null | undefined;
  output: string;
  /** Earlier turns as pairs of a question and its answer, the oldest first. */
  history?: readonly (readonly [question: string, answer: string])[] | null | undefined;
}

/** A conversation whose last message, the one to score, is the assistant's. */
export interface MessagesSample extends AnySample {
  messages: Message[];
}

export type Sample = InstructionSample | MessagesSample;

/** Any JSON value but null. */
export type SampleId = string | number | boolean | readonly unknown[] | { readonly [name: string]: unknown };

const READER = new SampleReader();

/**
 * Checks a sample from outside and gives the conversation to score.
 *
 * @throws InformError INFORM_INVALID_SAMPLE, its message the reason
 */
export function toMessages(value: unknown): Message[] {
  const { conversations, answers } = READER.read(value);
  const [conversation] = conversations;
  if (answers === 'one' && conversation !== undefined) return conversation;
  throw invalid('the sample has several answers; a score is of one, so make a sample of each');
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
 * @throws InformError INFORM_INVALID_SAMPLE when it is no value that JSON has
 */
export function toId(value: unknown): SampleId | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid('"id" must be a finite number');
  if (['string', 'number', 'boolean', 'object'].includes(typeof value)) return value as SampleId;
  throw invalid(`"id" must be a JSON value but is ${kindOf(value)}`);
}
