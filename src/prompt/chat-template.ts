import { InformError, messageOf } from '../errors.js';
import { printable } from '../util/printable.js';
import { TemplateLimitError } from './jinja/errors.js';
import type { CalendarDate } from './jinja/strftime.js';
import { JinjaTemplate } from './jinja/template.js';
import type { TemplateTokens } from '../gguf/template-tokens.js';
import type { Message } from '../input/sample.js';
import { TimeLimitError, withTimeLimit } from '../util/async/time-limit.js';
import { MAX_TEMPLATE_BYTES } from '../models/template-file.js';

/** The longest that parsing a template, or rendering one conversation, may take. Either is a matter of milliseconds. */
export const TEMPLATE_MILLISECONDS = 5000;

/** Characters of a template's own message that are shown. */
const MAX_MESSAGE = 300;

/** What every template can render that is not broken, or refuses in a sentence. */
const PROBE: Message[] = [
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hi' },
];

/**
 * A model's Jinja chat template, rendered as transformers' `apply_chat_template(messages, tokenize=False)` does.
 *
 * `strftime_now`, which transformers offers, gives the date that the caller names, and is not there where none is named: templates
 * that know it would put today's date into the prompt, and the same sample would score differently tomorrow. Without it such
 * templates write their fixed date, and one that cannot do without fails.
 *
 * A template comes with a model file, from anywhere. It can reach nothing but the conversation, and its work and output are
 * bounded (jinja/runtime.ts). Its time is, too, where the caller of `render` sees to it (time-limit.ts).
 */
export class ChatTemplate {
  readonly #program: JinjaTemplate;
  readonly #variables: Readonly<Record<string, unknown>>;

  /** Throws INFORM_TEMPLATE_FAILED when the source is no valid Jinja, or does not come to an end. */
  constructor(
    source: string,
    tokens: TemplateTokens,
    milliseconds = TEMPLATE_MILLISECONDS,
    private readonly date?: CalendarDate,
  ) {
    if (source.length > MAX_TEMPLATE_BYTES) {
      throw new InformError(
        'INFORM_TEMPLATE_FAILED',
        'The chat template is larger than 1 MB, the most that is read. Name another one with chat_template.',
      );
    }
    this.#variables = { ...tokens, tools: null, documents: null, add_generation_prompt: false };
    this.#program = parse(source, milliseconds);
    this.#probe(milliseconds);
  }

  /** The conversation as the model reads it, BOS included. Throws INFORM_TEMPLATE_FAILED. */
  render(messages: Message[]): string {
    const size = messages.reduce((sum, { content }) => sum + MESSAGE_SIZE + content.length, 0);
    try {
      return this.#program.render({ ...this.#variables, messages }, size, this.date);
    } catch (error) {
      if (error instanceof TemplateLimitError) throw beyondLimits(error);
      throw failed(`The chat template refused the sample: ${reasonOf(error)}.`, error);
    }
  }

  /** Finds a template that never ends before the run does. One that refuses this conversation may take others. */
  #probe(milliseconds: number): void {
    try {
      withTimeLimit(milliseconds, () => this.render(PROBE));
    } catch (error) {
      if (error instanceof TimeLimitError) throw beyondLimits(error);
      if (error instanceof InformError && error.cause instanceof TemplateLimitError) throw error;
    }
  }
}

/** What a message counts for beyond its text: templates do as much for an empty one. */
const MESSAGE_SIZE = 64;

/** The error for a template that loops, or makes more than a prompt needs. */
export function beyondLimits(error: Error): InformError {
  return failed(
    `The chat template goes beyond the limits of templates: ${error.message}. Name another one with chat_template.`,
    error,
  );
}

function parse(source: string, milliseconds: number): JinjaTemplate {
  let program: JinjaTemplate | undefined;
  try {
    withTimeLimit(milliseconds, () => {
      program = new JinjaTemplate(source);
    });
  } catch (error) {
    if (error instanceof TimeLimitError) throw beyondLimits(error);
    throw failed(`The chat template is not valid Jinja: ${reasonOf(error)}.`, error);
  }
  if (program === undefined) throw new InformError('INFORM_INTERNAL', 'A template was parsed to nothing.');
  return program;
}

/** What the library or the template itself says, fit for a line of a terminal. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError && error.message.includes('call stack')) return 'it nests too deeply';
  return printable(messageOf(error), MAX_MESSAGE);
}

function failed(message: string, cause: unknown): InformError {
  return new InformError('INFORM_TEMPLATE_FAILED', message, { cause });
}
