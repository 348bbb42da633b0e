import { arrayAt, stringsAt } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';

/** A vocabulary of SentencePiece as transformers' converter makes it. */
export interface PieceVocabulary {
  /** By id. */
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** Ids of the tokens that are found before all others. */
  readonly added: readonly number[];
}

/** Llama 2's pieces and their scores, by id, out of llama.cpp's models/ggml-vocab-llama-spm.gguf. */
export async function readLlamaPieces(path: string): Promise<{ pieces: readonly string[]; scores: readonly number[] }> {
  const { metadata } = await readGguf(path);
  const pieces = stringsAt(metadata, 'tokenizer.ggml.tokens') ?? [];
  const scores = Array.from(arrayAt(metadata, 'tokenizer.ggml.scores')?.value ?? [], Number);
  if (scores.length === 0 || pieces.length === 0) throw new Error(`${path} is not Llama's`);
  return { pieces, scores };
}

/** Every way to make a piece of two, the best score first, as transformers' converter made the published files. */
export function mergesOf(tokens: readonly string[], scores: readonly number[]): PieceVocabulary['merges'] {
  const known = new Set(tokens);
  const merges = tokens.flatMap((piece, id) =>
    Array.from({ length: piece.length - 1 }, (_, i) => [piece.slice(0, i + 1), piece.slice(i + 1)] as const)
      .filter(([left, right]) => known.has(left) && known.has(right))
      .map((pair) => ({ pair, score: scores[id] ?? 0 })),
  );
  return merges.toSorted((a, b) => b.score - a.score).map(({ pair }) => pair);
}

/** How a tokenizer's files list the tokens that are found before all others. */
export function addedTokens(
  { tokens, added }: PieceVocabulary,
  special: readonly string[],
): { id: number; content: string; special: boolean }[] {
  return added.map((id) => {
    const content = tokens[id] ?? '';
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return { id, content, ...flags, special: special.includes(content) };
  });
}

/** The normalizer that writes a space as pieces have it. */
export const SPACES_TO_MARKS = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };

/** The decoders that make text of pieces again. */
export const PIECES_TO_TEXT = [
  { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
  { type: 'ByteFallback' },
  { type: 'Fuse' },
];

/** The post-processor that puts BOS before a text. */
export function bosBeforeTexts(bos: string, id: number): object {
  const [first, second] = [0, 1].map((type_id) => ({ SpecialToken: { id: bos, type_id } }));
  const [a, b] = ['A', 'B'].map((name, type_id) => ({ Sequence: { id: name, type_id } }));
  return {
    type: 'TemplateProcessing',
    single: [first, a],
    pair: [first, a, second, b],
    special_tokens: { [bos]: { id: bos, ids: [id], tokens: [bos] } },
  };
}

export function bytePairModel(pieces: readonly string[], merges: PieceVocabulary['merges']): object {
  return {
    type: 'BPE',
    dropout: null,
    unk_token: '<unk>',
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: true,
    byte_fallback: true,
    ignore_merges: false,
    vocab: Object.fromEntries(pieces.map((token, id) => [token, id])),
    merges,
  };
}
