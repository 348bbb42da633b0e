import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '#src/addon/load-addon.js';
import { CPU_ONLY } from '#src/engine/placement/measure-compute.js';
import { toInformError, type ErrorCode, type InformError } from '#src/errors.js';
import { ggufNumber, ggufString } from '#src/gguf/metadata.js';
import { readGgufModel } from '#src/gguf/split-model.js';
import type { GgufValue } from '#src/gguf/types.js';
import { openGgufHead } from '#src/head/gguf-head.js';
import { entry, ggufBytes, tensorInfo, text, u32 } from '../support/models/gguf-bytes.js';
import { editGguf } from '../support/models/models.js';
import { splitGguf } from '../support/models/split-gguf.js';
import { tinyModel } from '../support/models/tiny-model.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

// Models are read twice: by the engine (native/engine/gguf, native/engine/scoring/score_head) to score, and by src/gguf and src/head
// for everything else. What one of them refuses the other must refuse for the same reason.

const FOLDER = tempFolder();
const HIDDEN = 32; // the hidden size of the tiny model
const MODEL = await tinyModel(path.join(FOLDER, 'tiny.gguf'));

/** The error that the engine refuses a model with, undefined where it loads. */
async function engineRefusal(model: string, headPath = ''): Promise<InformError | undefined> {
  const { addon, backendDir } = loadAddon();
  const options = { path: model, headPath, pre: '', placement: CPU_ONLY, backendDir };
  return refusal(addon.loadModel(options, new addon.TaskHandle()).then((loaded) => loaded.close()));
}

async function refusal(work: Promise<unknown>): Promise<InformError | undefined> {
  return work.then(() => undefined, toInformError);
}

function checkBoth(
  typescript: InformError | undefined,
  engine: InformError | undefined,
  expected: ErrorCode | undefined,
): void {
  assert.is(typescript?.code, expected, typescript?.message);
  assert.is(engine?.code, expected, engine?.message);
}

// Split models

type Shards = [first: string, second: string, third: string];

interface SplitCase {
  readonly name: string;
  readonly code: ErrorCode | undefined;
  /** Whether both say the same sentence. */
  readonly sameSentence?: boolean;
  /** Damages the shards and gives the file to name. */
  readonly damage: (shards: Shards) => string | Promise<string>;
}

/** Rewrites a shard with other metadata; undefined takes a key away. */
async function change(shard: string, key: string, value: GgufValue | undefined): Promise<void> {
  const changed = `${shard}.changed`;
  await editGguf(shard, changed, {
    metadata: (metadata) => {
      const copy = new Map(metadata);
      if (value === undefined) copy.delete(key);
      else copy.set(key, value);
      return copy;
    },
  });
  renameSync(changed, shard);
}

const SPLIT_CASES: readonly SplitCase[] = [
  { name: 'whole', code: undefined, damage: ([first]) => first },
  {
    name: 'named by its third shard',
    code: 'INFORM_MODEL_NOT_FOUND',
    sameSentence: true,
    damage: (shards) => shards[2],
  },
  {
    name: 'without its second shard',
    code: 'INFORM_MODEL_NOT_FOUND',
    sameSentence: true,
    damage: ([first, second]) => {
      rmSync(second);
      return first;
    },
  },
  {
    name: 'whose first shard has a name of its own',
    code: 'INFORM_MODEL_NOT_FOUND',
    sameSentence: true,
    damage: ([first]) => {
      const renamed = path.join(path.dirname(first), 'renamed.gguf');
      renameSync(first, renamed);
      return renamed;
    },
  },
  {
    name: 'whose second shard is a copy of the third',
    code: 'INFORM_INVALID_MODEL_FILE',
    sameSentence: true,
    damage: ([first, second, third]) => {
      copyFileSync(third, second);
      return first;
    },
  },
  {
    name: 'whose third shard is of another number of shards',
    code: 'INFORM_INVALID_MODEL_FILE',
    sameSentence: true,
    damage: async ([first, , third]) => {
      await change(third, 'split.count', ggufNumber('uint16', 4));
      return first;
    },
  },
  {
    name: 'whose second shard is a whole model',
    code: 'INFORM_INVALID_MODEL_FILE',
    sameSentence: true,
    damage: ([first, second]) => {
      copyFileSync(MODEL, second);
      return first;
    },
  },
  {
    name: 'with another number of tensors than it says',
    code: 'INFORM_INVALID_MODEL_FILE',
    damage: async ([first]) => {
      await change(first, 'split.tensors.count', ggufNumber('int32', 99));
      return first;
    },
  },
  {
    name: 'that does not say how many tensors it has',
    code: 'INFORM_INVALID_MODEL_FILE',
    damage: async ([first]) => {
      await change(first, 'split.tensors.count', undefined);
      return first;
    },
  },
  {
    name: 'that holds tensors twice',
    code: 'INFORM_INVALID_MODEL_FILE',
    damage: async ([first, second, third]) => {
      copyFileSync(second, third);
      await change(third, 'split.no', ggufNumber('uint16', 2));
      return first;
    },
  },
  {
    name: 'with a number of another type',
    code: 'INFORM_INVALID_MODEL_FILE',
    damage: async ([first, second]) => {
      await change(second, 'split.no', ggufNumber('uint32', 1));
      return first;
    },
  },
  {
    name: 'with a count of another type',
    code: 'INFORM_INVALID_MODEL_FILE',
    damage: async ([first]) => {
      await change(first, 'split.count', ggufNumber('int32', 3));
      return first;
    },
  },
  {
    name: 'whose second shard is no GGUF file',
    code: 'INFORM_INVALID_MODEL_FILE',
    sameSentence: true,
    damage: ([first, second]) => {
      writeFileSync(second, 'not a model');
      return first;
    },
  },
];

for (const [i, { name, code, sameSentence = false, damage }] of SPLIT_CASES.entries()) {
  test(`a split model ${name}`, async () => {
    const folder = path.join(FOLDER, `split-${i}`);
    mkdirSync(folder);
    const model = await damage((await splitGguf(MODEL, path.join(folder, 'model'), 3)) as Shards);
    const [typescript, engine] = [await refusal(readGgufModel(model)), await engineRefusal(model)];
    checkBoth(typescript, engine, code);
    if (sameSentence) assert.is(typescript?.message, engine?.message);
  });
}

// Score heads

const RELU = entry('inform.head.activation', 'string', text('relu'));
const TWO_LAYERS = {
  'cls.weight': [HIDDEN, 16],
  'cls.bias': [16],
  'cls.output.weight': [16, 1],
  'cls.output.bias': [1],
};

/** A file with a head of zeros and no backbone. */
function headOf(entries: readonly Buffer[], shapes: Record<string, number[]>): string {
  let offset = 0;
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const info = tensorInfo(name, shape, 0, offset);
    const bytes = 4 * shape.reduce((product, size) => product * size, 1);
    offset += Math.ceil(bytes / 32) * 32;
    return info;
  });
  return fileIn(FOLDER, 'head.gguf', ggufBytes({ entries, tensors, data: Buffer.alloc(offset) }));
}

function scaleOf(mean: number, deviation: number): Buffer[] {
  const value = (number: number): Buffer => Buffer.from(Float32Array.of(number).buffer);
  return [
    entry('inform.head.mean', 'float32', value(mean)),
    entry('inform.head.deviation', 'float32', value(deviation)),
  ];
}

const HEAD_CASES: readonly [
  name: string,
  code: ErrorCode | undefined,
  entries: Buffer[],
  shapes: Record<string, number[]>,
][] = [
  ['with two layers', undefined, [RELU], TWO_LAYERS],
  ['without biases', undefined, [RELU], { 'cls.weight': [HIDDEN, 16], 'cls.output.weight': [16] }],
  ['with one layer, which needs no activation', undefined, [], { 'cls.output.weight': [HIDDEN, 1] }],
  ['that states its format', undefined, [RELU, entry('inform.head.format', 'uint32', u32(1))], TWO_LAYERS],
  ['that states a mean and a deviation', undefined, [RELU, ...scaleOf(-1.5, 2)], TWO_LAYERS],
  ['with a deviation of 0', 'INFORM_UNSUPPORTED_MODEL', [RELU, ...scaleOf(0, 0)], TWO_LAYERS],
  ['with a mean that is none', 'INFORM_UNSUPPORTED_MODEL', [RELU, ...scaleOf(NaN, 1)], TWO_LAYERS],
  ['of a later format', 'INFORM_UNSUPPORTED_MODEL', [RELU, entry('inform.head.format', 'uint32', u32(2))], TWO_LAYERS],
  [
    'of another activation',
    'INFORM_UNSUPPORTED_MODEL',
    [entry('inform.head.activation', 'string', text('gelu'))],
    TWO_LAYERS,
  ],
  ['that does not say its activation', 'INFORM_UNSUPPORTED_MODEL', [], TWO_LAYERS],
  [
    'whose activation is no text',
    'INFORM_UNSUPPORTED_MODEL',
    [entry('inform.head.activation', 'uint32', u32(1))],
    TWO_LAYERS,
  ],
  ['without its output', 'INFORM_MODEL_HAS_NO_HEAD', [RELU], { 'cls.weight': [HIDDEN, 16], 'cls.bias': [16] }],
  ['with five outputs', 'INFORM_UNSUPPORTED_MODEL', [RELU], { ...TWO_LAYERS, 'cls.output.weight': [16, 5] }],
  ['with a bias that is too long', 'INFORM_UNSUPPORTED_MODEL', [RELU], { ...TWO_LAYERS, 'cls.bias': [17] }],
  ['with two output biases', 'INFORM_UNSUPPORTED_MODEL', [RELU], { ...TWO_LAYERS, 'cls.output.bias': [2] }],
];

for (const [name, code, entries, shapes] of HEAD_CASES) {
  test(`a head ${name}`, async () => {
    const head = headOf(entries, shapes);
    checkBoth(await refusal(openGgufHead(head)), await engineRefusal(MODEL, head), code);
  });
}

test('a head inside of its model', async () => {
  const changed = path.join(FOLDER, 'changed.gguf');
  for (const [key, value] of [
    ['inform.head.format', ggufNumber('uint32', 2)],
    ['inform.head.activation', ggufString('gelu')],
  ] as const) {
    await editGguf(MODEL, changed, { metadata: (metadata) => new Map([...metadata, [key, value]]) });
    checkBoth(await refusal(openGgufHead(changed)), await engineRefusal(changed), 'INFORM_UNSUPPORTED_MODEL');
  }
});

test.run();
