/** A piece of SentencePiece's file: text, score, and type where that is not "normal". */
export type HandPiece = readonly [text: string, score: number, type?: number];

export interface HandPieceModel {
  pieces: readonly HandPiece[];
  trainer?: readonly Buffer[];
  normalizer?: readonly Buffer[];
}

/** A field of Protocol Buffers' wire format that is a varint. */
export function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(8 * number), varint(value)]);
}

export function bytesField(number: number, bytes: Buffer | string): Buffer {
  const value = Buffer.from(bytes as string);
  return Buffer.concat([varint(8 * number + 2), varint(value.length), value]);
}

function floatField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint(8 * number + 5), bytes]);
}

function varint(value: number): Buffer {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Byte-pair encoding with tokens for bytes. */
export const BPE_TRAINER = [varintField(3, 2), varintField(35, 1)];

/** Its spaces stay as many as they are. */
export const PLAIN_NORMALIZER = [bytesField(1, 'identity'), varintField(4, 0)];

/** The bytes of SentencePiece's file (sentencepiece_model.proto), set up as Llama 2's. */
export function pieceModelBytes({
  pieces,
  trainer = BPE_TRAINER,
  normalizer = PLAIN_NORMALIZER,
}: HandPieceModel): Buffer {
  const message = ([text, score, type]: HandPiece): Buffer =>
    Buffer.concat([bytesField(1, text), floatField(2, score), ...(type === undefined ? [] : [varintField(3, type)])]);
  return Buffer.concat([
    ...pieces.map((piece) => bytesField(1, message(piece))),
    bytesField(2, Buffer.concat(trainer)),
    bytesField(3, Buffer.concat(normalizer)),
  ]);
}
