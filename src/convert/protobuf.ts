// Protocol Buffers' wire format, as far as SentencePiece's files have it: https://protobuf.dev/programming-guides/encoding/.

/** One field of a message: a number for the kinds of fixed size and for varints, bytes for all else. */
export interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** The fields of a message in their order; undefined where the bytes are none. */
export function fieldsOf(message: Uint8Array): Field[] | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const fields: Field[] = [];
  let at = 0;

  /** Of more than 53 bits, which no field that is read has, the lowest are wrong. */
  function varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = view.getUint8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('a varint of more than ten bytes');
  }

  function valueOf(wire: number): number | Uint8Array {
    if (wire === 0) return varint();
    const length = wire === 2 ? varint() : wire === 5 ? 4 : wire === 1 ? 8 : -1;
    const start = at;
    if (length < 0 || length > message.length - start) throw new RangeError('no such field');
    at += length;
    if (wire === 2) return message.subarray(start, at);
    return wire === 5 ? view.getFloat32(start, true) : view.getFloat64(start, true);
  }

  try {
    while (at < message.length) {
      const key = varint();
      fields.push({ number: Math.floor(key / 8), value: valueOf(key % 8) });
    }
  } catch {
    return undefined; // it ends inside of a field
  }
  return fields;
}
