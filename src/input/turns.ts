import { invalid, isNone, kindOf, notFinite, objectOf, textOf } from './checks.js';
import { scanJson } from './json-scan.js';
import type { Message, Role } from './sample.js';

/** Fields of a message that templates put into the prompt, where ours has no place for them. */
const MESSAGE_FIELDS = ['tool_calls', 'function_call', 'reasoning_content', 'thinking'];

/** What the roles of the spelling `role` and `content` are to a template; a developer's message is OpenAI's new word for system. */
const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
};

/** The same for `from` and `value`; LLaMA-Factory, FastChat and the ShareGPT dumps have these. */
const SHAREGPT_ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  assistant: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
};

/**
 * A conversation whose last message is the assistant's.
 *
 * @param field where it stands, for messages
 * @throws InformError INFORM_INVALID_SAMPLE
 */
export function conversationOf(value: unknown, field: string): Message[] {
  const messages = turnsOf(value, field);
  if (messages.length === 0) throw invalid(`"${field}" is empty`);
  if (messages.at(-1)?.role !== 'assistant') {
    throw invalid(`the last of "${field}" must be the assistant's but is the ${messages.at(-1)?.role ?? ''}'s`);
  }
  return messages;
}

/** A list of messages, in either spelling. Throws INFORM_INVALID_SAMPLE. */
export function turnsOf(value: unknown, field: string): Message[] {
  const messages = listOf(value, `"${field}"`).map((entry, index) => messageOf(entry, `${field}[${index}]`));
  const late = messages.findIndex(({ role }, index) => role === 'system' && index > 0);
  if (late >= 0) throw invalid(`"${field}[${late}]" is a system message, which may only come first`);
  return messages;
}

/** One message, `{role, content}` or `{from, value}`. Throws INFORM_INVALID_SAMPLE. */
export function messageOf(entry: unknown, name: string): Message {
  const message = objectOf(entry, `"${name}"`);
  const shareGpt = message['role'] === undefined && message['from'] !== undefined;
  const [by, text, roles] = shareGpt
    ? (['from', 'value', SHAREGPT_ROLES] as const)
    : (['role', 'content', ROLES] as const);
  const role = roleOf(message[by], `"${name}.${by}"`, roles);
  refuseFields(message, MESSAGE_FIELDS, (field) => `"${name}.${field}"`);
  return { role, content: contentOf(message[text], `${name}.${text}`) };
}

function roleOf(role: unknown, name: string, roles: Readonly<Record<string, Role>>): Role {
  if (role === undefined) throw invalid(`${name} is missing`);
  if (typeof role === 'string' && Object.hasOwn(roles, role)) return roles[role] as Role;
  const found = typeof role === 'string' ? JSON.stringify(role.slice(0, 40)) : kindOf(role);
  const known = Object.keys(roles).map((known) => JSON.stringify(known));
  throw invalid(`${name} must be ${known.slice(0, -1).join(', ')} or ${known.at(-1) ?? ''} but is ${found}`);
}

/** A text, or a list of parts that are texts: those are one text, as templates print them one behind the other. */
function contentOf(value: unknown, name: string): string {
  if (!Array.isArray(value)) return textOf(value, `"${name}"`);
  return value.map((entry: unknown, index) => partOf(entry, `${name}[${index}]`)).join('');
}

function partOf(entry: unknown, name: string): string {
  if (typeof entry === 'string') return textOf(entry, `"${name}"`);
  const part = objectOf(entry, `"${name}"`);
  const { type } = part;
  if (type === 'text' || type === 'input_text' || type === 'output_text') return textOf(part['text'], `"${name}.text"`);
  const found = typeof type === 'string' ? JSON.stringify(type.slice(0, 40)) : kindOf(type);
  throw invalid(`"${name}.type" must be "text" but is ${found}: only text can be put into the prompt`);
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

/** A list, or the text of one as JSON: in a table a cell holds that. */
export function listOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  const parsed = typeof value === 'string' && value.trimStart().startsWith('[') ? parsedList(value) : undefined;
  if (parsed !== undefined) return parsed;
  if (typeof value === 'number' && !Number.isFinite(value)) throw notFinite(name);
  throw invalid(`${name} must be an array but is ${kindOf(value)}`);
}

function parsedList(text: string): unknown[] | undefined {
  if (scanJson(text).tooDeep) return undefined;
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    return undefined;
  }
}
