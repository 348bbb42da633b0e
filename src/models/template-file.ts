import { readNamedText } from '../util/files/bounded-text.js';

/** Size limit of a chat template in bytes: a template is a page of text. */
export const MAX_TEMPLATE_BYTES = 1024 * 1024;

/**
 * The text of a Jinja file that replaces a model's own chat template.
 *
 * @throws InformError INFORM_TEMPLATE_FAILED where it cannot be read or is too large; INFORM_ABORTED
 */
export function readTemplateFile(file: string, signal?: AbortSignal): Promise<string> {
  const errors = {
    code: 'INFORM_TEMPLATE_FAILED',
    subject: `The chat template ${file}`,
    tooLarge: `${file} is larger than 1 MB, which no chat template is. Check what chat_template names.`,
  } as const;
  return readNamedText(file, MAX_TEMPLATE_BYTES, errors, signal);
}
