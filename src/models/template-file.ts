import { InformError, messageOf } from '../errors.js';
import { readBoundedText } from '../util/files/bounded-text.js';

/** Size limit of a chat template in bytes: a template is a page of text. */
export const MAX_TEMPLATE_BYTES = 1024 * 1024;

/**
 * The text of a Jinja file that replaces a model's own chat template.
 *
 * @throws InformError INFORM_TEMPLATE_FAILED where it cannot be read or is too large
 */
export async function readTemplateFile(file: string): Promise<string> {
  let text: string | undefined;
  try {
    text = await readBoundedText(file, MAX_TEMPLATE_BYTES);
  } catch (error) {
    throw new InformError('INFORM_TEMPLATE_FAILED', `The chat template ${file} cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  if (text !== undefined) return text;
  throw new InformError(
    'INFORM_TEMPLATE_FAILED',
    `${file} is larger than 1 MB, which no chat template is. Check what chat_template names.`,
  );
}
