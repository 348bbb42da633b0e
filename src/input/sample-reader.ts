import type { InformError } from '../errors.js';
import { invalid, isNone, kindOf, objectOf, textOf } from './checks.js';
import { FieldMap } from './field-map.js';
import { markupOf, markupReason } from './markup.js';
import { otherFormatOf } from './other-formats.js';
import type { Message } from './sample.js';
import { ALPACA, SHAPES, describeShape, fieldsOfShape, requiredFields, type Shape } from './shapes.js';
import { conversationOf, historyOf, listOf, messageOf, refuseFields, turnsOf } from './turns.js';

/** What a row has to be scored: one conversation, or the same with each of several answers. */
export interface Reading {
  shape: Shape;
  /** `pair`: the chosen answer and the rejected one. `list`: any number, from one on. */
  answers: 'one' | 'pair' | 'list';
  conversations: Message[][];
}

export interface ReaderOptions {
  /** "field=path" each: where the fields of a sample stand in a row. */
  map?: readonly string[] | undefined;
  /** The system message of conversations that have none. */
  system?: string | undefined;
}

/** So many answers of one row are scored: a row has one result, which is held until all are there. */
export const MOST_ANSWERS = 4096;

const SYSTEM_FIELDS = ['system', 'system_prompt', 'system_message'];

/** Fields that transformers' chat templates and LLaMA-Factory's data have, and that would change the prompt. */
const UNSUPPORTED_FIELDS = ['tools', 'functions', 'documents', 'images', 'videos', 'audios', 'chat_template_kwargs'];

/** Where an answer's text may stand in an object of a list. */
const ANSWER_FIELDS = ['response', 'completion', 'content', 'text', 'output', 'answer'];

/** Finds out what shape a row has, and gives the conversations in it. */
export class SampleReader {
  readonly map: FieldMap | undefined;
  readonly #system: string | undefined;

  /** @throws InformError INFORM_INVALID_CONFIG for a map that makes no sense */
  constructor({ map = [], system }: ReaderOptions = {}) {
    this.map = map.length === 0 ? undefined : new FieldMap(map);
    this.#system = system;
  }

  /**
   * Nothing is trimmed here: the chat template decides about that. Fields that carry no conversation are ignored.
   *
   * @throws InformError INFORM_INVALID_SAMPLE, its message the reason
   */
  read(value: unknown): Reading {
    const given = objectOf(value, 'The sample');
    const row = this.map?.apply(given) ?? given;
    const shapes = shapesOf(row, this.map?.shapes);
    if (shapes.length === 0) throw this.#incomplete(row);
    const readings = shapes.map((shape) => readAs(shape, row));
    const fullest = readings.reduce((most, reading) =>
      reading.conversations.length > most.conversations.length ? reading : most,
    );
    for (const other of readings) refuseDisagreement(fullest, other);
    refuseFields(row, UNSUPPORTED_FIELDS);
    return {
      ...fullest,
      conversations: fullest.conversations.map((turns) => withSystem(turns, row, fullest.shape, this.#system)),
    };
  }

  /** Why a row that no shape fits is no sample, told of the shape that comes closest. */
  #incomplete(row: Readonly<Record<string, unknown>>): InformError {
    const format = otherFormatOf(row);
    if (format !== undefined) return invalid(`the row is ${format.what}, which is not read. ${format.remedy}`);
    const markup = markupOf(row['text']);
    if (markup !== undefined) return invalid(markupReason('text', markup));
    try {
      readAs(nearestShape(row, this.map?.shapes), row);
    } catch (error) {
      return error as InformError;
    }
    return invalid('the row has no filled fields that make a sample');
  }
}

/** The shapes that a row has: its fields filled, or where there are none such, there at least (an empty answer is one). */
function shapesOf(row: Readonly<Record<string, unknown>>, among: readonly Shape[] = SHAPES): Shape[] {
  for (const isThere of [isFilled, isGiven]) {
    const found = among.filter((shape) => requiredFields(shape).every((field) => isThere(row, field, shape)));
    const whole = withoutParts(found.filter(({ loose }) => loose !== true));
    const shapes = whole.length > 0 ? whole : withoutParts(found);
    // An instruction that belongs to nothing that is read would be left out of the prompt without a word.
    const first = shapes[0];
    if (first === undefined) continue;
    const stray =
      among.includes(ALPACA) && isFilled(row, 'instruction') && !shapes.some(({ asked }) => asked === 'instruction');
    if (stray) return isGiven(row, 'output') ? [ALPACA, ...shapes] : [];
    return shapes;
  }
  return [];
}

/** Without shapes all of whose fields are fields of another one, which reads more of the row. */
function withoutParts(shapes: readonly Shape[]): Shape[] {
  return shapes.filter((shape) => {
    const fields = requiredFields(shape);
    return !shapes.some((other) => {
      const others = requiredFields(other);
      return others.length > fields.length && fields.every((field) => others.includes(field));
    });
  });
}

/** An instruction may be empty where its input is not. */
function isFilled(row: Readonly<Record<string, unknown>>, field: string, shape?: Shape): boolean {
  if (!isNone(row[field])) return true;
  const { asked, inputs = [] } = shape ?? {};
  return field === asked && typeof row[field] === 'string' && inputs.some((input) => !isNone(row[input]));
}

function isGiven(row: Readonly<Record<string, unknown>>, field: string): boolean {
  return row[field] !== undefined && row[field] !== null && !(Array.isArray(row[field]) && isNone(row[field]));
}

/** The shape with the most fields in a row; Alpaca where none has any. */
function nearestShape(row: Readonly<Record<string, unknown>>, among: readonly Shape[] = SHAPES): Shape {
  let [nearest = ALPACA] = among;
  let most = 0;
  for (const shape of among) {
    const count = requiredFields(shape).filter((field) => row[field] !== undefined).length;
    if (count > most) [nearest, most] = [shape, count];
  }
  return nearest;
}

/** Whether a row has any field that a shape needs, so that it may be a sample with something wrong. */
export function hasFieldOfShape(row: Readonly<Record<string, unknown>>): boolean {
  return SHAPES.some((shape) => requiredFields(shape).some((field) => row[field] !== undefined));
}

function readAs(shape: Shape, row: Readonly<Record<string, unknown>>): Reading {
  const { turns, asked, answered, list } = shape;
  if (turns !== undefined && answered === undefined) {
    if (!isNone(row['history'])) {
      throw invalid(`"${turns}" and "history" are both given; put the turns of the history into the ${turns}`);
    }
    return { shape, answers: 'one', conversations: [conversationOf(row[turns], turns)] };
  }
  const prompt =
    turns !== undefined ? turnsOf(row[turns], turns) : asked !== undefined ? promptOf(shape, asked, row) : undefined;
  if (list !== undefined) {
    const answers = listOf(row[list], `"${list}"`);
    if (answers.length > MOST_ANSWERS)
      throw invalid(`"${list}" has ${answers.length} answers; ${MOST_ANSWERS} are the most`);
    const conversations = answers.map((answer, index) => answeredBy(prompt, textOfEntry(answer), `${list}[${index}]`));
    return { shape, answers: 'list', conversations };
  }
  const conversations = (answered ?? []).map((field) => answeredBy(prompt, row[field], field));
  return { shape, answers: conversations.length > 1 ? 'pair' : 'one', conversations };
}

/** The turns before the answer: those of the history, and the question with what stands on a line of its own below it. */
function promptOf(shape: Shape, asked: string, row: Readonly<Record<string, unknown>>): Message[] {
  const value = row[asked];
  const history = historyOf(row['history']);
  if (shape !== ALPACA && Array.isArray(value)) return [...history, ...turnsOf(value, asked)];
  if (shape === ALPACA && isColumn(value)) {
    const format = otherFormatOf(row);
    if (format !== undefined) throw invalid(`the row is ${format.what}, which is not read. ${format.remedy}`);
  }
  const question = textOf(value, `"${asked}"`);
  const markup = asked === 'prompt' ? markupOf(question) : undefined;
  if (markup !== undefined) throw invalid(markupReason(asked, markup));
  const [field, other] = (shape.inputs ?? []).filter((name) => !isNone(row[name]));
  if (field === undefined) return [...history, { role: 'user', content: question }];
  if (other !== undefined) throw invalid(`"${field}" and "${other}" are both given; keep one`);
  return [...history, { role: 'user', content: `${question}\n${textOf(row[field], `"${field}"`)}` }];
}

function isColumn(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** The conversation that an answer makes of the turns before it; `prompt` is undefined where the answer has them itself. */
function answeredBy(prompt: Message[] | undefined, answer: unknown, field: string): Message[] {
  const turns = answerTurns(answer, field);
  const own = turns.findIndex(({ role }) => role === 'assistant') > 0;
  if (prompt === undefined) {
    if (own) return turns;
    const markup = markupOf(answer);
    throw invalid(
      markup === undefined ? `"prompt" is missing, and "${field}" has no question in it` : markupReason(field, markup),
    );
  }
  if (!own) return [...prompt, ...turns];
  const asked = isSame(prompt.slice(0, 1), turns.slice(0, 1)) ? prompt : prompt.filter(({ role }) => role !== 'system');
  const start = turns[0]?.role === 'system' && asked[0]?.role !== 'system' ? 1 : 0;
  if (isSame(turns.slice(start, start + asked.length), asked)) return turns;
  throw invalid(`"${field}" is a conversation that does not begin with the turns of the prompt; keep one of them`);
}

/** A text, a message of the assistant's, or messages that end with one. */
function answerTurns(answer: unknown, field: string): Message[] {
  if (Array.isArray(answer)) return conversationOf(answer, field);
  if (typeof answer !== 'object' || answer === null)
    return [{ role: 'assistant', content: textOf(answer, `"${field}"`) }];
  if ('role' in answer || 'from' in answer) {
    const message = messageOf(answer, field);
    if (message.role === 'assistant') return [message];
    throw invalid(`"${field}" must be the assistant's but is the ${message.role}'s`);
  }
  throw invalid(`"${field}" must be a string but is ${kindOf(answer)}`);
}

/** An entry of a list of answers: in some lists an object, which holds the text beside the name of the model that wrote it. */
function textOfEntry(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry) || 'role' in entry || 'from' in entry)
    return entry;
  const fields = entry as Record<string, unknown>;
  const texts = ANSWER_FIELDS.filter((name) => typeof fields[name] === 'string');
  return texts.length === 1 && texts[0] !== undefined ? fields[texts[0]] : entry;
}

/** A row in two shapes is one sample where both say the same. */
function refuseDisagreement(reading: Reading, other: Reading): void {
  if (other.conversations.every((turns) => reading.conversations.some((those) => isSame(those, turns)))) return;
  const map = requiredFields(reading.shape).map((field) => `${field}=${field}`);
  throw invalid(
    `the row is both ${describeShape(reading.shape)} and ${describeShape(other.shape)}, and they are not the same ` +
      `conversation; keep one, or name the fields to read, such as --map ${map.join(',')}`,
  );
}

function isSame(these: readonly Message[], those: readonly Message[]): boolean {
  return (
    these.length === those.length &&
    these.every(({ role, content }, at) => role === those[at]?.role && content === those[at].content)
  );
}

/** The turns with the system message that stands beside them. An empty one of theirs gives way to it. */
function withSystem(
  turns: Message[],
  row: Readonly<Record<string, unknown>>,
  shape: Shape,
  fallback: string | undefined,
): Message[] {
  const [field, ...others] = SYSTEM_FIELDS.filter((name) => !isNone(row[name]));
  const [first, ...rest] = turns;
  if (field === undefined) {
    return fallback === undefined || first?.role === 'system'
      ? turns
      : [{ role: 'system', content: fallback }, ...turns];
  }
  const content = textOf(row[field], `"${field}"`);
  const other = others.find((name) => row[name] !== content);
  if (other !== undefined) throw invalid(`"${field}" and "${other}" are both given and differ; keep one`);
  if (first?.role !== 'system') return [{ role: 'system', content }, ...turns];
  if (first.content !== '' && first.content !== content) {
    const where = shape.turns ?? fieldsOfShape(shape)[0] ?? '';
    throw invalid(`"${field}" and the system message of "${where}" are both given and differ; keep one`);
  }
  return [{ role: 'system', content }, ...rest];
}
