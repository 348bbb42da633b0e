import { Template } from '@huggingface/jinja';
import { InformError, messageOf } from './errors.js';
import { withPythonWhitespace } from './python-whitespace.js';
import type { Message } from './sample.js';

/** Makes the library's own `strftime_now` undefined. As parsed statements, so that the source's white space stays. */
const FORGET_THE_CLOCK = '{% set strftime_now = undefined %}';

/**
 * A model's Jinja chat template, rendered as transformers' `apply_chat_template(messages, tokenize=False)` does.
 *
 * `strftime_now`, which both libraries offer, is taken away: templates that know it would put today's date into the prompt, and the
 * same sample would score differently tomorrow. Without it such templates write their fixed date, and one that cannot do without
 * fails.
 */
export class ChatTemplate {
  readonly #template: Template;
  readonly #variables: Record<string, unknown>;

  /** Throws INFORM_TEMPLATE_FAILED when the source is no valid Jinja. */
  constructor(source: string, tokens: { bosToken: string; eosToken: string }) {
    try {
      this.#template = new Template(source);
      statementsOf(this.#template).unshift(...statementsOf(new Template(FORGET_THE_CLOCK)));
    } catch (error) {
      throw new InformError('INFORM_TEMPLATE_FAILED', `The chat template is not valid Jinja: ${messageOf(error)}.`, {
        cause: error,
      });
    }
    this.#variables = { add_generation_prompt: false, bos_token: tokens.bosToken, eos_token: tokens.eosToken };
  }

  /** The conversation as the model reads it, BOS included. Throws INFORM_TEMPLATE_FAILED. */
  render(messages: Message[]): string {
    try {
      return withPythonWhitespace(messages, (shown) => this.#template.render({ ...this.#variables, messages: shown }));
    } catch (error) {
      throw new InformError('INFORM_TEMPLATE_FAILED', `The chat template refused the sample: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }
}

/** The library's types for this do not resolve for an ES module. */
function statementsOf(template: Template): unknown[] {
  return (template as unknown as { parsed: { body: unknown[] } }).parsed.body;
}
