import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ggufNumber, ggufString, ggufStrings } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import { GGML_TYPES, type GgufValue } from '#src/gguf/types.js';
import { writeGguf, type GgufTensorSource } from '../support/models/write-gguf.js';
import { quantizeModel, type QuantizeOptions } from '#src/quantize/quantize.js';
import type { QuantizedType } from '#src/gguf/model-types.js';
import { expectError } from '../support/assert/expect-error.js';
import { entry, ggufBytes, tensorInfo, text, u32 } from '../support/models/gguf-bytes.js';
import { readGoldens, scoresOf } from '../support/assert/goldens.js';
import { llamaGguf } from '../support/models/llama-gguf.js';
import { editGguf, testModel } from '../support/models/models.js';
import { spearman } from '../support/assert/spearman.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { tensorsOf } from '../support/models/tensor-bytes.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const HEAD = /^cls\./;

function inFolder(name: string): string {
  return path.join(FOLDER, name);
}

async function quantize(input: string, type: QuantizedType, options: Partial<QuantizeOptions> = {}): Promise<string> {
  const output = inFolder(`${path.basename(input, '.gguf')}-${type}.gguf`);
  await quantizeModel(input, output, { type, threads: 2, overwrite: true, ...options });
  return output;
}

/** Transformers' scores in float32 are the judge; the longest samples are left out to be quick. */
const SAMPLES = readGoldens().samples.filter(({ ids }) => ids.length < 200);

/** Numbers of enum llama_ftype in llama.h. */
const TYPES: [type: QuantizedType, fileType: number, least: number][] = [
  ['q8_0', 7, 0.9995],
  ['q4_k_m', 15, 0.998],
  ['iq4_nl', 25, 0.998],
  ['q2_k', 10, 0.998],
];

for (const [type, fileType, least] of TYPES) {
  test(`${type}: the head's bytes and all metadata stay, and the scores rank as transformers' do`, async () => {
    const output = await quantize(MODEL, type);
    assert.equal(await tensorsOf(output, HEAD), withoutOnes(await tensorsOf(MODEL, HEAD)));

    const [before, after] = [await readGguf(MODEL), await readGguf(output)];
    const expected = new Map<string, GgufValue>([
      ...before.metadata,
      ['general.file_type', ggufNumber('uint32', fileType)],
    ]);
    assert.equal(sorted(after.metadata), sorted(expected));
    assert.ok(after.fileSize < 0.65 * before.fileSize);

    assert.ok(SAMPLES.length > 100);
    const found = spearman(
      await scoresOf(output, {}, SAMPLES),
      SAMPLES.map(({ score }) => score),
    );
    assert.ok(found > least, `rank correlation ${found}`);
    assert.ok(found < 1, 'no quantized model ranks exactly as the original');
  });
}

/** ggml drops trailing dimensions of 1 from a shape. */
function withoutOnes<T extends { shape: readonly number[] }>(tensors: Map<string, T>): Map<string, T> {
  return new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      { ...tensor, shape: tensor.shape.filter((size) => size > 1 || tensor.shape.length === 1) },
    ]),
  );
}

/** Without the hash of the tensors, which are others. */
function sorted(metadata: ReadonlyMap<string, GgufValue>): [string, GgufValue][] {
  return [...metadata].filter(([key]) => key !== 'inform.tensors.sha256').sort(([a], [b]) => (a < b ? -1 : 1));
}

test('q4_k_m gives every tensor the type that llama-quantize gives it', async () => {
  const input = await llamaGguf(inFolder('types.gguf'), {
    hidden: 256,
    feedForward: 512,
    layers: 8,
    heads: 4,
    vocabulary: 32,
  });
  // As printed by llama.cpp's llama-quantize v0.5.0 for this file, apart from cls.weight, which it quantizes.
  const better = [0, 3, 6, 7].flatMap((layer) => [`blk.${layer}.attn_v.weight`, `blk.${layer}.ffn_down.weight`]);
  for (const [name, { type }] of await tensorsOf(await quantize(input, 'q4_k_m'))) {
    const expected =
      name === 'token_embd.weight' || better.includes(name)
        ? 'Q6_K'
        : /^blk\.\d+\.(attn_[qkvo]|ffn_(gate|up|down))/.test(name) && !name.includes('norm')
          ? 'Q4_K'
          : /^cls\.(output\.)?weight/.test(name)
            ? 'BF16'
            : 'F32';
    assert.is(type, expected, name);
  }
});

const IMPORTANT = 'blk.0.attn_q.weight';

/** One column in eight matters. */
const IMPORTANCE = Float32Array.from({ length: 128 }, (_, column) => (column % 8 === 0 ? 4 : 0.0625));

/** The GGUF form: sums and how many were counted. */
async function imatrixGguf(name: string, entries: readonly (readonly [string, Float32Array])[]): Promise<string> {
  const file = inFolder(name);
  const metadata = new Map<string, GgufValue>([
    ['general.type', ggufString('imatrix')],
    ['imatrix.datasets', ggufStrings(['sft.txt'])],
    ['imatrix.chunk_count', ggufNumber('uint32', 3)],
    ['imatrix.chunk_size', ggufNumber('uint32', 512)],
  ]);
  const tensors = entries.flatMap(([tensor, means]): GgufTensorSource[] => [
    floatTensor(
      `${tensor}.in_sum2`,
      means.map((mean) => mean * 1024),
    ),
    floatTensor(`${tensor}.counts`, Float32Array.of(1024)),
  ]);
  await writeGguf(file, metadata, tensors);
  return file;
}

function floatTensor(name: string, values: Float32Array): GgufTensorSource {
  return { name, shape: [values.length, 1], type: GGML_TYPES.F32, chunks: () => [new Uint8Array(values.buffer)] };
}

test('an importance matrix lowers the error where it says that it matters', async () => {
  // With rows of 128 the matrices of q2_k become Q4_0, whose blocks of 32 are simple: F16 scale, 4 bits a value.
  const plain = await tensorsOf(await quantize(MODEL, 'q2_k'));
  const imatrix = await imatrixGguf('imatrix.gguf', [[IMPORTANT, IMPORTANCE]]);
  const output = await quantize(MODEL, 'q2_k', { imatrix });
  const weighted = await tensorsOf(output);
  const original = bf16Values((await tensorsOf(MODEL)).get(IMPORTANT)?.data);
  assert.is(weighted.get(IMPORTANT)?.type, 'Q4_0');
  const error = (tensors: typeof plain): number =>
    q40Values(tensors.get(IMPORTANT)?.data).reduce(
      (sum, value, i) => sum + (IMPORTANCE[i % 128] ?? NaN) * (value - (original[i] ?? NaN)) ** 2,
      0,
    );
  assert.ok(error(weighted) < 0.9 * error(plain), `${error(weighted)} against ${error(plain)}`);
  for (const [name, { data }] of plain) {
    assert.is(weighted.get(name)?.data.equals(data), name !== IMPORTANT, name);
  }
  const { metadata } = await readGguf(output);
  assert.equal(metadata.get('quantize.imatrix.file'), ggufString('imatrix.gguf'));
  assert.equal(metadata.get('quantize.imatrix.dataset'), ggufString('sft.txt'));
  assert.equal(metadata.get('quantize.imatrix.entries_count'), ggufNumber('uint32', 1));
  assert.equal(metadata.get('quantize.imatrix.chunks_count'), ggufNumber('uint32', 3));
});

function bf16Values(data: Buffer = Buffer.alloc(0)): Float32Array {
  const halves = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
}

/** block_q4_0 of ggml-common.h: the low four bits are the first 16 values, 8 stands for 0. */
function q40Values(data: Buffer = Buffer.alloc(0)): number[] {
  return Array.from({ length: data.length / 18 }, (_, block) => {
    const bytes = data.subarray(block * 18, (block + 1) * 18);
    const scale = halfValue(bytes.readUInt16LE());
    const low = [...bytes.subarray(2)].map((byte) => scale * ((byte & 15) - 8));
    const high = [...bytes.subarray(2)].map((byte) => scale * ((byte >> 4) - 8));
    return [...low, ...high];
  }).flat();
}

function halfValue(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

test('the result says what the importance matrix left out, and whether there is a head', async () => {
  const imatrix = await imatrixGguf('one.gguf', [[IMPORTANT, IMPORTANCE]]);
  const backbone = await editGguf(MODEL, inFolder('backbone.gguf'), { keep: ({ name }) => !HEAD.test(name) });
  const result = await quantizeModel(backbone, inFolder('backbone-q8_0.gguf'), { type: 'q8_0', threads: 2, imatrix });
  assert.is(result.hasHead, false);
  assert.is(result.withoutImportance.length, 4 * 7 - 1);
  assert.not.ok(result.withoutImportance.includes(IMPORTANT));
});

test('an importance matrix of another model is refused', async () => {
  const wrongSize = await imatrixGguf('size.gguf', [[IMPORTANT, new Float32Array(64)]]);
  await expectError('INFORM_INVALID_IMATRIX', /has 64 values for blk\.0\.attn_q\.weight, whose rows have 128 in/, () =>
    quantize(MODEL, 'q8_0', { imatrix: wrongSize }),
  );
  const unknown = await imatrixGguf('unknown.gguf', [['blk.9.attn_q.weight', IMPORTANCE]]);
  await expectError('INFORM_INVALID_IMATRIX', /has no entry for any tensor of .*made from another model/, () =>
    quantize(MODEL, 'q8_0', { imatrix: unknown }),
  );
});

const SMALL = { hidden: 32, feedForward: 64, layers: 1, heads: 2, vocabulary: 8 };

test('what is quantized already, of another architecture or no model is refused', async () => {
  const refuses = async (message: RegExp, input: string): Promise<void> => {
    await expectError('INFORM_UNSUPPORTED_MODEL', message, () => quantize(input, 'q4_k_m'));
  };
  const quantized = await llamaGguf(inFolder('q.gguf'), {
    ...SMALL,
    type: 'Q8_0',
    metadata: [['general.file_type', ggufNumber('uint32', 7)]],
  });
  await refuses(/is quantized already \(Q8_0, 8 tensors\).* Start from an F32, F16 or BF16 file\./, quantized);
  const other = { ...SMALL, metadata: [['general.architecture', ggufString('bert')]] as const };
  await refuses(
    /has the architecture "bert", which is not supported; these are: llama/,
    await llamaGguf(inFolder('bert.gguf'), other),
  );
  const adapter = { ...SMALL, metadata: [['general.type', ggufString('adapter')]] as const };
  await refuses(/holds no model .*\(the type "adapter"\)/, await llamaGguf(inFolder('lora.gguf'), adapter));
  await refuses(/\(the type "imatrix"\)/, await imatrixGguf('refused.gguf', [[IMPORTANT, IMPORTANCE]]));
});

test('outputs that would destroy something are refused', async () => {
  const input = await llamaGguf(inFolder('precious.gguf'), SMALL);
  const refuses = async (message: RegExp, output: string, overwrite: boolean): Promise<void> => {
    await expectError('INFORM_OUTPUT_UNWRITABLE', message, () =>
      quantizeModel(input, output, { type: 'q8_0', threads: 1, overwrite }),
    );
  };
  await refuses(/other\.gguf exists already\. Pass --overwrite/, fileIn(FOLDER, 'other.gguf', ''), false);
  await refuses(/is the input, which would be lost/, input, true);
  await refuses(/exists and is no regular file/, FOLDER, true);
  await refuses(/its folder does not exist/, inFolder('nowhere/out.gguf'), false);
  assert.is((await readGguf(input)).tensors.length, 15);
  const imatrix = await imatrixGguf('precious-imatrix.gguf', [[IMPORTANT, IMPORTANCE]]);
  await expectError('INFORM_OUTPUT_UNWRITABLE', /is the input, which would be lost/, () =>
    quantizeModel(input, imatrix, { type: 'q8_0', threads: 1, overwrite: true, imatrix }),
  );
});

test('weights that are not finite: a sentence that names the tensor, and nothing left behind', async () => {
  const broken = await editGguf(MODEL, inFolder('nan.gguf'), {
    change: ({ name }, data) => {
      if (name === 'blk.1.ffn_up.weight') data.writeUInt16LE(0x7fc0, 10);
    },
  });
  const before = readdirSync(FOLDER).length;
  await expectError('INFORM_QUANTIZE_FAILED', /could not quantize .*blk\.1\.ffn_up\.weight.* has invalid data/, () =>
    quantize(broken, 'q8_0'),
  );
  assert.is(readdirSync(FOLDER).length, before);
});

test('an abort ends it, before and during, and leaves nothing behind', async () => {
  const input = await llamaGguf(inFolder('slow.gguf'), {
    hidden: 1024,
    feedForward: 2048,
    layers: 4,
    heads: 8,
    vocabulary: 8,
  });
  const before = readdirSync(FOLDER).length;
  await expectError('INFORM_ABORTED', /aborted/, () => quantize(input, 'iq4_xs', { signal: AbortSignal.abort() }));
  const controller = new AbortController();
  const fractions: number[] = [];
  await expectError('INFORM_ABORTED', /aborted/, () =>
    quantize(input, 'iq4_xs', {
      threads: 1,
      signal: controller.signal,
      onProgress: ({ bytesWritten, totalBytes }) => {
        fractions.push(bytesWritten / totalBytes);
        controller.abort();
      },
    }),
  );
  assert.ok(fractions.every((fraction) => fraction >= 0 && fraction < 1));
  assert.is(readdirSync(FOLDER).length, before);
});

test('an input with an alignment of its own', async () => {
  const keys = { block_count: 1, context_length: 64, embedding_length: 32, feed_forward_length: 32 };
  const input = fileIn(
    FOLDER,
    'aligned.gguf',
    ggufBytes({
      alignment: 64,
      entries: [
        entry('general.architecture', 'string', text('llama')),
        entry('general.alignment', 'uint32', u32(64)),
        ...Object.entries(keys).map(([key, value]) => entry(`llama.${key}`, 'uint32', u32(value))),
        entry('llama.attention.head_count', 'uint32', u32(1)),
        entry('llama.attention.layer_norm_rms_epsilon', 'float32', Buffer.from(Float32Array.of(1e-5).buffer)),
      ],
      tensors: [
        tensorInfo('blk.0.attn_norm.weight', [9], 0, 0),
        tensorInfo('blk.0.attn_q.weight', [32, 32], 0, 64),
        tensorInfo('output_norm.weight', [3], 0, 64 + 4096),
      ],
      data: Buffer.concat([floats(9, 1), Buffer.alloc(28), floats(1024, 2), floats(3, 3), Buffer.alloc(52)]),
    }),
  );
  const tensors = await tensorsOf(await quantize(input, 'q8_0'));
  assert.ok(tensors.get('blk.0.attn_norm.weight')?.data.equals(floats(9, 1)));
  assert.ok(tensors.get('output_norm.weight')?.data.equals(floats(3, 3)));
  // A block of Q8_0 is an F16 scale, here 2/127, and 32 times 127.
  const { data = Buffer.alloc(0) } = tensors.get('blk.0.attn_q.weight') ?? {};
  assert.is(data.length, 32 * 34);
  assert.ok(Math.abs(halfValue(data.readUInt16LE()) - 2 / 127) < 1e-4);
  assert.ok(data.subarray(2, 34).every((byte) => byte === 127));
});

function floats(count: number, value: number): Buffer {
  return Buffer.from(new Float32Array(count).fill(value).buffer);
}

test.run();
