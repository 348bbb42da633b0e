import { encodeFloats, FLOAT_BYTES } from './encode.js';
import { invalidCheckpoint } from './checkpoint-file.js';
import type { SafetensorsCheckpoint } from './safetensors.js';
import { ropeRowOrder, type PlannedTensor, type TensorSource } from './tensors.js';

const CHUNK_BYTES = 8 << 20;

/**
 * The data of a planned tensor as it stands in the GGUF file, a few megabytes at a time. Each chunk is overwritten by
 * the next.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT when the checkpoint cannot be read, or holds values beyond the range of
 *   the type they are converted to
 */
export async function* tensorChunks(
  planned: PlannedTensor,
  checkpoint: SafetensorsCheckpoint,
): AsyncGenerator<Uint8Array> {
  const { source } = planned;
  if (source.kind === 'computed') {
    yield new Uint8Array(source.values.buffer, source.values.byteOffset, source.values.byteLength);
  } else {
    yield* convertedChunks(planned, source, checkpoint);
  }
}

async function* convertedChunks(
  planned: PlannedTensor,
  { tensor, dtype, headRows }: Extract<TensorSource, { kind: 'checkpoint' }>,
  checkpoint: SafetensorsCheckpoint,
): AsyncGenerator<Uint8Array> {
  const rowLength = planned.shape[0] ?? 1;
  const rowBytes = rowLength * FLOAT_BYTES[dtype];
  const rowCount = tensor.byteLength / rowBytes;
  const rowsPerChunk = Math.min(rowCount, wholeHeads(CHUNK_BYTES / rowBytes, headRows ?? 1));
  // Buffers of their own, so that they start at an address that fits every element type.
  const source = new Uint8Array(rowsPerChunk * rowBytes);
  const ordered = headRows === undefined ? source : new Uint8Array(source.length);
  const target = new Uint8Array(rowsPerChunk * rowLength * FLOAT_BYTES[planned.type.name]);

  for (let row = 0; row < rowCount; row += rowsPerChunk) {
    const rows = Math.min(rowsPerChunk, rowCount - row);
    const used = source.subarray(0, rows * rowBytes);
    await checkpoint.read(tensor, row * rowBytes, used);
    if (headRows !== undefined) reorderRows(used, ordered, rowBytes, ropeRowOrder(headRows));
    const converted = target.subarray(0, rows * rowLength * FLOAT_BYTES[planned.type.name]);
    if (encodeFloats(dtype, ordered.subarray(0, used.length), planned.type.name, converted) > 0) {
      throw invalidCheckpoint(
        `Tensor ${tensor.name} has values beyond the range of ${planned.type.name}. Convert to bf16 or f32 instead.`,
      );
    }
    yield converted;
  }
}

/** The multiple of `headRows` nearest below `rows`, at least one. */
function wholeHeads(rows: number, headRows: number): number {
  return Math.max(1, Math.floor(rows / headRows)) * headRows;
}

/** Gives the rows of each head, `order.length` of them, the given order. */
function reorderRows(source: Uint8Array, target: Uint8Array, rowBytes: number, order: readonly number[]): void {
  const headBytes = order.length * rowBytes;
  for (let head = 0; head < source.length; head += headBytes) {
    order.forEach((from, to) => {
      const start = head + from * rowBytes;
      target.set(source.subarray(start, start + rowBytes), head + to * rowBytes);
    });
  }
}
