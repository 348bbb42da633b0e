import { InformError } from '../errors.js';
import type { Normalizer } from '../gguf/scoring-rules.js';
import { objectIn, type JsonObject } from './checkpoint-file.js';

/**
 * The regular expression by which Llama 3 splits text before byte-pair encoding. llama.cpp has it built in under the
 * name `llama-bpe`; a tokenizer with another one cannot be converted under that name.
 */
export const LLAMA3_SPLIT_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Qwen 2's, which splits numbers into single digits. */
export const QWEN2_SPLIT_PATTERN = LLAMA3_SPLIT_PATTERN.replace('{1,3}', '');

function split(pattern: string): JsonObject {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/** @param useRegex whether it splits by GPT-2's regular expression itself */
function byteLevel(useRegex: boolean): JsonObject {
  return { type: 'ByteLevel', add_prefix_space: false, use_regex: useRegex };
}

interface PreTokenizer {
  /** llama.cpp's name, `tokenizer.ggml.pre`. */
  readonly name: string;
  /** Whether a word that is a token as a whole is taken as it is, whatever the merges say. */
  readonly ignoreMerges: boolean;
  readonly steps: readonly JsonObject[];
}

/** The ways to split a text into words that llama.cpp's tokenizer has, as tokenizer.json describes them. */
const PRE_TOKENIZERS: readonly PreTokenizer[] = [
  { name: 'llama-bpe', ignoreMerges: true, steps: [split(LLAMA3_SPLIT_PATTERN), byteLevel(false)] },
  { name: 'qwen2', ignoreMerges: false, steps: [split(QWEN2_SPLIT_PATTERN), byteLevel(false)] },
  { name: 'smollm', ignoreMerges: false, steps: [{ type: 'Digits', individual_digits: true }, byteLevel(true)] },
  { name: 'gpt-2', ignoreMerges: false, steps: [byteLevel(true)] },
];

/** Tekken's, of Mistral Nemo and Small, which llama.cpp has in another form: a combining mark is no part of a word there. */
const TEKKEN_SPLIT_PATTERN =
  '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/**
 * llama.cpp's name for the way in which a tokenizer splits text into words, and what it does to the text before. Everything in
 * tokenizer.json that decides about token ids is compared: what llama.cpp would do otherwise is refused, as the score would be
 * that of other tokens.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL
 */
export function preTokenizerOf(tokenizer: JsonObject, path: string): { name: string; normalizer: Normalizer } {
  const model = objectIn(tokenizer['model']) ?? {};
  if (model['type'] !== 'BPE') throw unsupported(path, `is of type ${named(model['type'])} instead of "BPE"`);
  for (const key of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix']) {
    const value = model[key] ?? '';
    if (value !== '') throw unsupported(path, `has ${key} ${named(value)}`);
  }
  const normalizer = normalizerOf(tokenizer, path);

  const steps = stepsOf(tokenizer['pre_tokenizer']);
  const found = PRE_TOKENIZERS.find(({ steps: known }) => canonical(known) === canonical(steps));
  if (found === undefined && canonical(steps) === canonical([split(TEKKEN_SPLIT_PATTERN), byteLevel(false)])) {
    throw new InformError('INFORM_UNSUPPORTED_MODEL', `${path} ${TEKKEN}`);
  }
  if (found === undefined) throw unsupported(path, `splits text by ${steps.map(named).join(', then ') || 'nothing'}`);
  const ignoresMerges = model['ignore_merges'] === true;
  if (ignoresMerges !== found.ignoreMerges) {
    throw unsupported(path, `has ignore_merges ${ignoresMerges} with the splits of "${found.name}"`);
  }
  return { name: found.name, normalizer };
}

/** llama.cpp changes no text; the composition is done before it (src/prompt/nfc.ts), outside of the added tokens. */
function normalizerOf(tokenizer: JsonObject, path: string): Normalizer {
  const normalizer = tokenizer['normalizer'] ?? null;
  if (normalizer === null) return 'none';
  if (objectIn(normalizer)?.['type'] !== 'NFC') {
    throw unsupported(path, `changes text before it is split (normalizer ${named(normalizer)})`);
  }
  const added: unknown[] = Array.isArray(tokenizer['added_tokens']) ? tokenizer['added_tokens'] : [];
  const changed = added.map(objectIn).find((token) => token?.['normalized'] === true);
  if (changed !== undefined)
    throw unsupported(path, `looks for the token ${named(changed['content'])} in text that it changed before`);
  return 'nfc';
}

/** The steps of a pre-tokenizer without nesting, each with the values that tokenizers takes for what is not given. */
function stepsOf(value: unknown): JsonObject[] {
  const step = objectIn(value);
  if (step === undefined) return [];
  const inner: unknown = step['type'] === 'Sequence' ? step['pretokenizers'] : undefined;
  if (Array.isArray(inner)) return inner.flatMap(stepsOf);
  // Offsets, which trim_offsets is about, do not change ids.
  const given = Object.fromEntries(Object.entries(step).filter(([key]) => key !== 'trim_offsets'));
  return [step['type'] === 'ByteLevel' ? { use_regex: true, ...given } : given];
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    const object = objectIn(part);
    return object === undefined
      ? part
      : Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function named(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 240);
}

const TEKKEN =
  "is Tekken, Mistral's tokenizer since Nemo, which llama.cpp splits in another way: text with combining marks (Arabic, Hindi, Thai, accents on their own) gets other tokens, and so other scores. Where such text does not occur, convert the backbone with llama.cpp's own converter and give it the score head with inform-score attach.";

function unsupported(path: string, what: string): InformError {
  const known = "those of Llama 3, Qwen 2 and 3, SmolLM and GPT-2, and SentencePiece's";
  return new InformError(
    'INFORM_UNSUPPORTED_MODEL',
    `${path} ${what}, which is none of the tokenizers that can be converted: ${known}. If llama.cpp's own converter takes the backbone, convert that and give it the score head with inform-score attach.`,
  );
}
