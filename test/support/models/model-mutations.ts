import { readFileSync, writeFileSync } from 'node:fs';
import { ggufBool, ggufNumber, ggufString, ggufStrings } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import { GGML_TYPES, type GgmlTypeName, type GgufValue } from '#src/gguf/types.js';
import { writeGguf, type GgufTensorSource } from './write-gguf.js';
import { damagedBytes, NUMBERS } from './damage.js';
import { Random } from '../random.js';

/**
 * Writes a damaged copy of a small model: bytes of the header, bytes of anything, or a header that is well formed and says
 * something else than it should. The same for the same seed and index.
 */
export async function writeMutation(source: string, target: string, seed: number, index: number): Promise<void> {
  const random = new Random(seed * 1_000_003 + index);
  const whole = readFileSync(source);
  const { dataOffset } = await readGguf(source);
  const kind = random.below(10);
  if (kind < 4) return rewrite(source, target, random);
  if (kind < 5) {
    writeFileSync(target, damagedBytes(whole, random));
    return;
  }
  const header = damagedBytes(whole.subarray(0, dataOffset), random);
  // Mostly with the data where it was, so that damage is not refused for the offsets it moves.
  const filled = Buffer.concat([header, Buffer.alloc(Math.max(0, dataOffset - header.length))]);
  writeFileSync(target, Buffer.concat([filled.subarray(0, dataOffset), whole.subarray(dataOffset)]));
}

async function rewrite(source: string, target: string, random: Random): Promise<void> {
  const { metadata, tensors } = await readGguf(source);
  const whole = readFileSync(source);
  const values = new Map(metadata);
  const keys: [string, ...string[]] = [...UNUSUAL_KEYS, ...values.keys()];
  const touchesTensor = random.below(4) === 0;
  if (!touchesTensor) {
    const key = random.pick(keys);
    if (random.below(8) === 0) values.delete(key);
    else values.set(key, damagedValue(values.get(key), random));
  }
  const victim = touchesTensor ? random.below(tensors.length) : -1;
  await writeGguf(
    target,
    values,
    tensors.flatMap((tensor, index): GgufTensorSource[] => {
      const data = whole.subarray(tensor.offset, tensor.offset + tensor.byteLength);
      if (index !== victim) return [{ ...tensor, chunks: () => [data] }];
      if (random.below(5) === 0) return [];
      const name = random.below(4) === 0 ? random.pick(NAMES) : tensor.name;
      if (random.below(3) === 0) {
        const noise = Buffer.from(data.map(() => random.pick([0, 0x7f, 0x80, 0xff, random.below(256)])));
        return [{ ...tensor, name, chunks: () => [noise] }];
      }
      // Another type or shape with as many bytes as that needs.
      const type = GGML_TYPES[random.pick(Object.keys(GGML_TYPES) as [GgmlTypeName, ...GgmlTypeName[]])];
      const row = type.blockSize * random.pick([1, 1, 2, 32]);
      const shape = random.below(2) === 0 && row <= 256 ? [row, random.pick([1, 2, 32, 260])] : [row];
      const bytes = shape.reduce((product, size) => product * size, 1) * (type.bytesPerBlock / type.blockSize);
      return [{ name, shape, type, chunks: () => [Buffer.alloc(bytes, data)] }];
    }),
  );
}

const UNUSUAL_KEYS = [
  'llama.expert_count', 'llama.expert_used_count', 'llama.nextn_predict_layers', 'llama.attention.causal',
  'llama.rope.scaling.type', 'llama.rope.scaling.factor', 'llama.attention.key_length', 'llama.attention.value_length',
  'llama.attention.sliding_window', 'general.alignment', 'split.count', 'split.no', 'split.tensors.count',
  'tokenizer.ggml.scores', 'tokenizer.ggml.add_bos_token', 'tokenizer.ggml.unknown_token_id', 'tokenizer.ggml.eot_token_id',
  'general.file_type', 'general.type', 'tokenizer.ggml.suppress_tokens', 'tokenizer.ggml.precompiled_charsmap',
] as const; // prettier-ignore

const NAMES = [
  'cls.weight',
  'rope_freqs.weight',
  'output.weight',
  'blk.0.attn_q.bias',
  'blk.99.ffn_up.weight',
] as const;

const TEXTS = [
  '', 'llama', 'gpt2', 'bert', 't5', 'rwkv', 'plamo2', 'none', 'no_vocab', 'linear', 'yarn', 'longrope', 'llama-bpe', 'gpt-4o',
  '\0', 'x'.repeat(70_000), '{% for i in range(10 ** 9) %}{% endfor %}', '{{',
] as const; // prettier-ignore

function damagedValue(value: GgufValue | undefined, random: Random): GgufValue {
  if (value?.type === 'array' && random.below(4) > 0) return damagedArray(value.value, random) ?? value;
  switch (random.below(6)) {
    case 0:
      return ggufString(random.pick(TEXTS));
    case 1:
      return ggufBool(random.below(2) === 0);
    case 2:
      return ggufNumber('float32', random.pick([0, -1, NaN, Infinity, 1e-40, 1e38]));
    case 3:
      return ggufStrings([random.pick(TEXTS), random.pick(TEXTS)]);
    case 4:
      return ggufNumber('uint16', random.below(4));
    default:
      return ggufNumber('uint32', Math.min(random.pick(NUMBERS), 2 ** 32 - 1));
  }
}

/** One element more, less, twice or of another value. */
function damagedArray(value: unknown, random: Random): GgufValue | undefined {
  if (value instanceof Int32Array) {
    const damaged = value.slice(0, value.length - random.below(3));
    damaged[random.below(damaged.length)] = random.pick([0, 2, 3, 4, 5, 6, -1, 2 ** 31 - 1]);
    return { type: 'array', element: 'int32', length: damaged.length, value: damaged };
  }
  if (!Array.isArray(value)) return undefined;
  const damaged = [...(value as string[])];
  const at = random.below(damaged.length);
  const text = random.pick(['', ' ', '  ', 'a', '\u{10ffff}', '<|end|>', 'x'.repeat(5000), damaged[0] ?? '']);
  damaged.splice(at, random.below(2), ...(random.below(3) === 0 ? [] : [text]));
  return ggufStrings(damaged);
}
