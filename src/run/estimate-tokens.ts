import { expandInputs } from '../input/expand-inputs.js';
import { readRows } from '../input/rows.js';
import { SampleReader, type ReaderOptions } from '../input/sample-reader.js';
import { InformError } from '../errors.js';

/** What scoring some inputs is about. */
export interface InputEstimate {
  readonly conversations: number;
  /** None of them counted twice, and none shared. */
  readonly tokens: number;
}

/** Of English prose and code in vocabularies of 32,000 to 152,000 tokens: 3.6 to 4.6. */
const BYTES_PER_TOKEN = 4;
/** What a chat template puts around a message. */
const TOKENS_PER_MESSAGE = 5;

/**
 * About how many tokens the conversations of inputs have, from their bytes, so that no tokenizer is needed. Rows that are no
 * samples count nothing.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE, INFORM_INVALID_CONFIG (a map that makes no sense), INFORM_ABORTED
 */
export async function estimateTokens(
  inputs: readonly string[],
  options: ReaderOptions & { readonly maxLength: number; readonly maxLineBytes?: number | undefined },
  signal: AbortSignal,
): Promise<InputEstimate> {
  const reader = new SampleReader(options);
  let conversations = 0;
  let tokens = 0;
  for await (const row of readRows(await expandInputs(inputs), { maxLineBytes: options.maxLineBytes, signal })) {
    if (!row.ok) continue;
    for (const messages of conversationsOf(reader, row.value)) {
      conversations++;
      const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
      tokens += Math.min(options.maxLength, Math.ceil(bytes / BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE * messages.length);
    }
  }
  return { conversations, tokens };
}

function conversationsOf(reader: SampleReader, value: unknown): { content: string }[][] {
  try {
    return reader.read(value).conversations;
  } catch (error) {
    if (error instanceof InformError) return [];
    throw error;
  }
}
