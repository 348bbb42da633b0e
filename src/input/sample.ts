import { InformError } from '../errors.js';
import { isAbsent } from '../util/is-absent.js';
import { invalid, isNone, kindOf, objectOf, textOf } from './checks.js';
import { otherFormatOf } from './other-formats.js';
import { historyOf, messagesOf, refuseFields } from './turns.js';

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

const SYSTEM_FIELDS = ['system', 'system_prompt', 'system_message'];

/** Fields that transformers' chat templates and LLaMA-Factory's data have, and that would change the prompt. */
const UNSUPPORTED_FIELDS = ['tools', 'functions', 'documents', 'images', 'videos', 'audios', 'chat_template_kwargs'];

/**
 * Checks a sample from outside and gives the conversation to score. Nothing is trimmed here: the chat template decides
 * about that. Fields that carry no conversation are ignored.
 *
 * @throws InformError INFORM_INVALID_SAMPLE, its message the reason
 */
export function toMessages(value: unknown): Message[] {
  const sample = objectOf(value, 'The sample');
  const turns = readsInstruction(sample) ? instructionTurns(sample) : messagesTurns(sample);
  refuseFields(sample, UNSUPPORTED_FIELDS);
  return withSystem(turns, sample);
}

/** Whether a sample has "messages" that are not read, because it has an instruction: that is what the Python scorer reads. */
export function leavesMessagesOut(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('messages' in value)) return false;
  return !isNone(value.messages) && readsInstruction(value);
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

/** In a table that was merged from both forms every row has both, and one of them is empty. */
function readsInstruction(sample: Readonly<Record<string, unknown>>): boolean {
  const { messages, instruction, input } = sample;
  if (isNone(messages)) return messages === undefined || messages === null || !isAbsent(instruction);
  return !isNone(instruction) || (typeof instruction === 'string' && !isNone(input));
}

function instructionTurns(sample: Readonly<Record<string, unknown>>): Message[] {
  const format = otherFormatOf(sample);
  if (format !== undefined) throw invalid(`the row is ${format.what}, which is not read. ${format.remedy}`);
  const instruction = textOf(sample['instruction'], '"instruction"');
  const input = isNone(sample['input']) ? '' : textOf(sample['input'], '"input"');
  const output = textOf(sample['output'], '"output"');
  return [
    ...historyOf(sample['history']),
    { role: 'user', content: input === '' ? instruction : `${instruction}\n${input}` },
    { role: 'assistant', content: output },
  ];
}

function messagesTurns(sample: Readonly<Record<string, unknown>>): Message[] {
  if (!isNone(sample['history'])) {
    throw invalid('"messages" and "history" are both given; put the turns of the history into the messages');
  }
  return messagesOf(sample['messages']);
}

/** The turns with the system message that stands beside them. An empty one of theirs gives way to it. */
function withSystem(turns: Message[], sample: Readonly<Record<string, unknown>>): Message[] {
  const [field, ...others] = SYSTEM_FIELDS.filter((name) => !isNone(sample[name]));
  if (field === undefined) return turns;
  const content = textOf(sample[field], `"${field}"`);
  const other = others.find((name) => sample[name] !== content);
  if (other !== undefined) {
    throw invalid(`"${field}" and "${other}" are both given and differ; keep one`);
  }
  const [first, ...rest] = turns;
  if (first?.role !== 'system') return [{ role: 'system', content }, ...turns];
  if (first.content !== '' && first.content !== content) {
    throw invalid(`"${field}" and the system message of "messages" are both given and differ; keep one`);
  }
  return [{ role: 'system', content }, ...rest];
}
