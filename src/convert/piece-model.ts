import { invalidCheckpoint } from './checkpoint-file.js';
import { SPACE, unsupportedPieces } from './sentencepiece.js';
import { fieldsOf, type Field } from './protobuf.js';

/** What kind of a piece one is, as sentencepiece_model.proto numbers them. */
export const PIECE_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly type: number;
}

const MODEL = { pieces: 1, trainer: 2, normalizer: 3 };
const PIECE = { text: 1, score: 2, type: 3 };
const TRAINER = { modelType: 3, suffix: 24, byteFallback: 35 };
const NORMALIZER = { charsmap: 2, dummyPrefix: 3, removesSpaces: 4, escapesSpaces: 5 };
const BYTE_PAIR_ENCODING = 2;

/**
 * The pieces of SentencePiece's own file, by id, where it is set up as Llama 2's and Mistral's.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL
 */
export function readPieceModel(file: Uint8Array, path: string): readonly Piece[] {
  const fields = fieldsOf(file);
  if (fields === undefined) throw invalidCheckpoint(`${path} is no model of SentencePiece. Download it again.`);
  const pieces = messages(fields, MODEL.pieces, path).map((message) => pieceOf(message, path));
  if (pieces.length === 0) throw invalidCheckpoint(`${path} has no pieces. Download it again.`);
  if (pieces.some(({ type }) => type === PIECE_TYPE.unused))
    throw unsupportedPieces(path, 'has pieces that are not used');
  const trainer = messages(fields, MODEL.trainer, path).flat();
  const normalizer = messages(fields, MODEL.normalizer, path).flat();
  if (numberIn(trainer, TRAINER.modelType) !== BYTE_PAIR_ENCODING) {
    throw unsupportedPieces(path, 'is no byte-pair encoding');
  }
  if (numberIn(trainer, TRAINER.byteFallback) !== 1) throw unsupportedPieces(path, 'has no tokens for bytes');
  if (numberIn(trainer, TRAINER.suffix) === 1) throw unsupportedPieces(path, 'puts a space behind texts');
  // What is absent is on.
  const isOn = (number: number): boolean => (numberIn(normalizer, number) ?? 1) === 1;
  const [charsmap] = normalizer.filter(({ number }) => number === NORMALIZER.charsmap);
  if ((charsmap?.value instanceof Uint8Array && charsmap.value.length > 0) || isOn(NORMALIZER.removesSpaces)) {
    throw unsupportedPieces(path, 'changes the characters of texts');
  }
  if (!isOn(NORMALIZER.dummyPrefix) || !isOn(NORMALIZER.escapesSpaces)) {
    throw unsupportedPieces(path, `puts no space before texts, or does not write it ${SPACE}`);
  }
  return pieces;
}

function pieceOf(fields: readonly Field[], path: string): Piece {
  const [text] = fields.filter(({ number }) => number === PIECE.text);
  if (!(text?.value instanceof Uint8Array)) throw invalidCheckpoint(`${path} has a piece without a text.`);
  return {
    text: Buffer.from(text.value).toString('utf8'),
    score: numberIn(fields, PIECE.score) ?? 0,
    type: numberIn(fields, PIECE.type) ?? PIECE_TYPE.normal,
  };
}

function messages(fields: readonly Field[], number: number, path: string): Field[][] {
  return fields.flatMap((field) => {
    if (field.number !== number) return [];
    const inner = field.value instanceof Uint8Array ? fieldsOf(field.value) : undefined;
    if (inner === undefined) throw invalidCheckpoint(`${path} is no model of SentencePiece. Download it again.`);
    return [inner];
  });
}

/** Of several, the last counts. */
function numberIn(fields: readonly Field[], number: number): number | undefined {
  const found = fields.findLast((field) => field.number === number)?.value;
  return typeof found === 'number' ? found : undefined;
}
