import { InformError } from '../errors.js';
import { TOKEN_TYPE } from '../gguf/token-types.js';
import { objectIn, type JsonObject } from './checkpoint-file.js';

// SentencePiece's byte-pair encoding as tokenizer.json has it: merges over whole texts in which ▁ is a space, and tokens for
// the bytes of characters that are no token. llama.cpp has no merges for it but a score for each piece, and merges any two
// neighbours whose texts together are a piece, the best score first. Both give the same tokens where what is checked here holds.

/** What stands for a space inside of the pieces. */
export const SPACE = '▁';

/** Whether a tokenizer's model is of this kind, as opposed to one over bytes. */
export function isSentencePiece(tokenizer: JsonObject): boolean {
  const model = objectIn(tokenizer['model']);
  return model?.['type'] === 'BPE' && model['byte_fallback'] === true;
}

const BYTE = /^<0x[0-9A-F]{2}>$/;

export function isByteToken(token: string): boolean {
  return BYTE.test(token);
}

/**
 * An added token's text as llama.cpp looks for it: a run of ▁ is one of spaces. Such a token is one of the pieces of a
 * SentencePiece model that are found before all others.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL for tokens that would be found in other places
 */
export function addedPiece(content: string, path: string): string {
  if (isRunOfSpaces(content)) return content.replaceAll(SPACE, ' ');
  if (content.includes(SPACE) || /^ *$/.test(content)) {
    throw unsupportedPieces(
      path,
      `has the added token ${named(content)}, whose spaces llama.cpp would find in other places`,
    );
  }
  return content;
}

/** The parts of a tokenizer that decide about merging. */
export interface Pieces {
  /** Ids by text, as tokenizer.json has them. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** In order: the first one that fits anywhere is merged first. */
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** Texts of all added tokens, which occur in no text that is merged. */
  readonly added: ReadonlySet<string>;
}

/** llama.cpp's converter gives it to all added tokens. */
const ADDED_SCORE = -1000;
/** And this one to rows of the embedding that no token has. */
const UNUSED_SCORE = -10000;

/**
 * The score of each token, so that llama.cpp merges in the order of the merges. SentencePiece numbers the pieces of a
 * byte-pair encoding in that order, and the number is the score; where a tokenizer has others, the merge's is taken.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL where no scores give the same tokens
 */
export function mergeScores(pieces: Pieces, types: Int32Array, path: string): Float32Array {
  checkCharacters(pieces, path);
  const makings = makingsOf(pieces, path);
  checkAllMerges(pieces, makings, path);
  const normal = [...pieces.vocabulary]
    .filter(([, id]) => types[id] === TOKEN_TYPE.normal)
    .sort(([, a], [, b]) => a - b);
  const merged = normal.flatMap(([piece]) => makings.get(piece)?.rank ?? []);
  const numbered = merged.every((rank, i) => i === 0 || rank > (merged[i - 1] ?? 0));
  const scores = Float32Array.from(types, scoreOfType);
  // A character is no result of merging: its score decides nothing.
  for (const [number, [piece, id]] of normal.entries()) {
    scores[id] = numbered ? -number : -(makings.get(piece)?.rank ?? pieces.merges.length);
  }
  return scores;
}

/**
 * Those of SentencePiece's own file, by which it merges as llama.cpp does.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL where characters or bytes are missing
 */
export function ownScores(own: readonly number[], pieces: Pieces, types: Int32Array, path: string): Float32Array {
  checkCharacters(pieces, path);
  return Float32Array.from(types, (type, id) =>
    type === TOKEN_TYPE.normal ? (own[id] ?? UNUSED_SCORE) : scoreOfType(type),
  );
}

/** Of a token that is no result of merging. */
function scoreOfType(type: number): number {
  return type === TOKEN_TYPE.byte ? 0 : type === TOKEN_TYPE.unused ? UNUSED_SCORE : ADDED_SCORE;
}

/** tokenizers begins with the characters that are tokens; llama.cpp would find a piece whose characters are none. */
function checkCharacters({ vocabulary, added }: Pieces, path: string): void {
  for (let byte = 0; byte < 256; byte++) {
    const token = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    // The tab is a piece itself in Gemma 2, and has the byte's id.
    const isCharacter = byte < 128 && vocabulary.has(String.fromCharCode(byte));
    if (!vocabulary.has(token) && !isCharacter) throw unsupportedPieces(path, `has no token ${token} for a byte`);
  }
  for (const piece of vocabulary.keys()) {
    if (added.has(piece) || isByteToken(piece)) continue;
    for (const character of piece) {
      if (!vocabulary.has(character)) {
        throw unsupportedPieces(path, `has the token ${named(piece)} without one for ${named(character)}`);
      }
    }
  }
}

/** The ways to make a piece of two others. */
interface Makings {
  /** The place of the first one in the list of merges. */
  readonly rank: number;
  /** How long the left parts are. */
  readonly lefts: number[];
}

function makingsOf({ vocabulary, merges, added }: Pieces, path: string): Map<string, Makings> {
  const makings = new Map<string, Makings>();
  let last = '';
  for (const [rank, [left, right]] of merges.entries()) {
    const piece = left + right;
    if (!vocabulary.has(left) || !vocabulary.has(right) || !vocabulary.has(piece)) {
      throw unsupportedPieces(path, `merges ${named(left)} and ${named(right)}, which are not all tokens`);
    }
    const known = makings.get(piece);
    // Others come between two ways of making it, where llama.cpp knows only one place for both.
    if (known !== undefined && piece !== last && !added.has(piece)) {
      throw unsupportedPieces(path, `does not have the merges that make ${named(piece)} one after the other`);
    }
    if (known === undefined) makings.set(piece, { rank, lefts: [left.length] });
    else if (!known.lefts.includes(left.length)) known.lefts.push(left.length);
    last = piece;
  }
  return makings;
}

/** llama.cpp merges any two pieces that are one together. */
function checkAllMerges({ vocabulary, added }: Pieces, makings: ReadonlyMap<string, Makings>, path: string): void {
  for (const piece of vocabulary.keys()) {
    if (added.has(piece)) continue;
    const lefts = makings.get(piece)?.lefts;
    for (let end = 1; end < piece.length; end++) {
      if (lefts?.includes(end) === true || !vocabulary.has(piece.slice(0, end)) || !vocabulary.has(piece.slice(end))) {
        continue;
      }
      throw unsupportedPieces(path, `does not merge ${named(piece.slice(0, end))} and ${named(piece.slice(end))}`);
    }
  }
}

/** Added tokens that are runs of spaces. */
interface SpaceRuns {
  /** In spaces; all from two on are there. */
  readonly longest: number;
  /**
   * How llama.cpp makes them: it finds them before it merges, the longest first, or merges them as other pieces. tokenizers
   * merges them, and finds them in a text's own ▁ alone.
   */
  readonly by: 'finding' | 'merging';
}

/** @throws InformError INFORM_UNSUPPORTED_MODEL where neither gives the same tokens */
export function runsOfSpaces({ vocabulary, merges, added }: Pieces, path: string): SpaceRuns | undefined {
  const runs = [...added].filter(isRunOfSpaces).map(({ length }) => length);
  const longest = Math.max(0, ...runs);
  if (longest === 0) return undefined;
  const ofSpaces = new Map<string, number>();
  let lastOfSpaces = -1;
  let firstOfOthers = merges.length;
  for (const [rank, [left, right]] of merges.entries()) {
    if (/^▁+$/.test(left + right)) {
      ofSpaces.set(`${left.length} ${right.length}`, rank);
      lastOfSpaces = rank;
    } else if (rank < firstOfOthers && (left.includes(SPACE) || right.includes(SPACE))) {
      firstOfOthers = rank;
    }
  }
  const gives = (spaces: number, lengths: readonly number[]): boolean =>
    String(mergedRuns(spaces, ofSpaces)) === String(lengths);
  const lengths = Array.from({ length: longest }, (_, i) => i + 1);
  if (new Set(runs).size === longest - 1 && lengths.every((length) => gives(length, [length]))) {
    const inOthers = [...vocabulary.keys()].some((piece) => piece.includes(SPACE + SPACE) && !added.has(piece));
    const greedy = lengths.every((rest) => gives(longest + rest, [longest, rest]));
    const found = !inOthers && greedy && lastOfSpaces < firstOfOthers;
    return { longest, by: found ? 'finding' : 'merging' };
  }
  throw unsupportedPieces(
    path,
    `has runs of up to ${longest} spaces as added tokens, but does not merge spaces to each of them`,
  );
}

export function isRunOfSpaces(content: string): boolean {
  return /^▁{2,}$/.test(content);
}

/** The lengths of the runs that merging leaves of that many spaces. */
function mergedRuns(spaces: number, ranks: ReadonlyMap<string, number>): number[] {
  let parts = Array.from({ length: spaces }, () => 1);
  for (;;) {
    const best = parts
      .slice(1)
      .map((right, i) => ({ at: i, rank: ranks.get(`${parts[i] ?? 0} ${right}`) ?? Infinity }))
      .reduce((found, next) => (next.rank < found.rank ? next : found), { at: -1, rank: Infinity });
    if (best.at < 0) return parts;
    const together = (parts[best.at] ?? 0) + (parts[best.at + 1] ?? 0);
    parts = [...parts.slice(0, best.at), together, ...parts.slice(best.at + 2)];
  }
}

export function named(value: unknown): string {
  return JSON.stringify(value).slice(0, 120);
}

export function unsupportedPieces(path: string, what: string): InformError {
  return new InformError(
    'INFORM_UNSUPPORTED_MODEL',
    `${path} ${what}. Of SentencePiece's tokenizers, those that are set up as Gemma's, Llama 2's or Mistral's can be converted. If llama.cpp's own converter takes the backbone, convert that and give it the score head with inform-score attach.`,
  );
}
