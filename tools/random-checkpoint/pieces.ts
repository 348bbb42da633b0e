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
