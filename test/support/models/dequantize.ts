import { open } from 'node:fs/promises';
import { readGguf, type GgufTensor } from '#src/gguf/reader.js';
import { GGML_TYPES } from '#src/gguf/types.js';
import { f32BitsToF16 } from '../../../tools/random-checkpoint/half-floats.js';
import { writeGguf, type GgufTensorSource } from './write-gguf.js';

/**
 * Writes a copy of a GGUF file whose Q8_0 tensors are of a type; those of floats stay as they are. Resolves to its path.
 * Throws where a tensor is quantized in another way, since the copy would still be quantized.
 */
export async function dequantizedCopy(source: string, target: string, type: 'F32' | 'F16' = 'F32'): Promise<string> {
  const gguf = await readGguf(source);
  const other = gguf.tensors.find((tensor) => !isQ8(tensor) && tensor.type.blockSize > 1);
  if (other) throw new Error(`${source}: ${other.name} is ${other.type.name}, not Q8_0.`);
  await using file = await open(source);
  const tensors = gguf.tensors.map((tensor): GgufTensorSource => ({
    name: tensor.name,
    shape: tensor.shape,
    type: isQ8(tensor) ? GGML_TYPES[type] : tensor.type,
    async *chunks() {
      const data = Buffer.alloc(tensor.byteLength);
      await file.read(data, 0, data.length, tensor.offset);
      if (!isQ8(tensor)) yield data;
      else yield bytesOf(type === 'F32' ? dequantizedQ8(data) : halves(dequantizedQ8(data)));
    },
  }));
  await writeGguf(target, gguf.metadata, tensors);
  return target;
}

function isQ8({ type }: GgufTensor): boolean {
  return type.name === 'Q8_0';
}

/** A block of Q8_0 is a scale in F16 and 32 signed bytes. */
function dequantizedQ8(blocks: Buffer): Float32Array {
  const { blockSize, bytesPerBlock } = GGML_TYPES.Q8_0;
  const values = new Float32Array((blocks.length / bytesPerBlock) * blockSize);
  for (let block = 0, at = 0; at < blocks.length; block++, at += bytesPerBlock) {
    const scale = halfToFloat(blocks.readUInt16LE(at));
    for (let i = 0; i < blockSize; i++) values[block * blockSize + i] = scale * blocks.readInt8(at + 2 + i);
  }
  return values;
}

function halves(values: Float32Array): Uint16Array {
  return Uint16Array.from(new Uint32Array(values.buffer), f32BitsToF16);
}

function bytesOf({ buffer }: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer);
}

function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return half & 0x8000 ? -magnitude : magnitude;
}
