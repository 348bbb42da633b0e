import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openAdapter } from '#src/convert/adapter.js';
import { convertCheckpoint } from '#src/convert/convert.js';
import type { ErrorCode } from '#src/errors.js';
import { readGguf } from '#src/gguf/reader.js';
import { expectError } from '../../support/assert/expect-error.js';
import {
  handCheckpoint,
  handConfig,
  handSafetensors,
  handTensors,
  type HandTensors,
} from '../../support/models/checkpoint.js';
import { tempFolder } from '../../support/temp-folder.js';

const root = tempFolder();
let made = 0;

const Q = 'base_model.model.model.layers.0.self_attn.q_proj';

/** A of one row, B of one column. */
function factors(): HandTensors {
  return {
    [`${Q}.lora_A.weight`]: { shape: [1, 8], values: [1, 0, 2, 0, 0, 0, 0, 0] },
    [`${Q}.lora_B.weight`]: { shape: [8, 1], values: [0, 1, 0, 0, 0, 0, 0, 4] },
    'base_model.model.score.weight': { shape: [1, 8], values: [1, -2, 3, -4, 5, -6, 7, -8] },
  };
}

const LORA = { peft_type: 'LORA', r: 1, lora_alpha: 2, task_type: 'SEQ_CLS' };

function adapter(config: object, tensors: HandTensors = factors(), files: Record<string, Buffer> = {}): string {
  const folder = join(root, `adapter-${made++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'adapter_model.safetensors'), handSafetensors(tensors));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** A language model, whose output matrix is left out. */
function base(): string {
  const backbone = Object.entries(handTensors()).filter(([name]) => !name.startsWith('score'));
  return handCheckpoint(root, `base-${made++}`, {
    config: { ...handConfig(), architectures: ['LlamaForCausalLM'] },
    tensors: Object.fromEntries(backbone),
  });
}

async function refused(code: ErrorCode, message: RegExp, folder: string): Promise<void> {
  await expectError(code, message, async () => openAdapter(folder, base()));
}

test("scale times B A is added to a matrix, and the classifier's own tensors are taken", async () => {
  const path = join(root, `${made++}.gguf`);
  await convertCheckpoint(await openAdapter(adapter(LORA), base()), path, { type: 'f32' });
  const { tensors, metadata } = await readGguf(path);
  const query = tensors.find(({ name }) => name === 'blk.0.attn_q.weight');
  const bytes = readFileSync(path).subarray(query?.offset, (query?.offset ?? 0) + 4 * 64);
  const expected = Array.from({ length: 64 }, (_, i) => i - 2); // as handTensors has it
  expected[8] = (expected[8] ?? 0) + 2; // row 1: twice its factor times the row of A
  expected[10] = (expected[10] ?? 0) + 4;
  expected[56] = (expected[56] ?? 0) + 8;
  expected[58] = (expected[58] ?? 0) + 16;
  const rows = [0, 2, 1, 3, 4, 6, 5, 7].map((row) => expected.slice(8 * row, 8 * row + 8)); // interleaved, each head by itself
  assert.equal([...new Float32Array(Uint8Array.from(bytes).buffer)], rows.flat());
  assert.is(metadata.get('inform.head.class')?.value, 'LlamaForSequenceClassification');
  assert.is(tensors.at(-1)?.name, 'cls.output.weight');
});

test('a value head beside an adapter', async () => {
  const { [`${Q}.lora_A.weight`]: a, [`${Q}.lora_B.weight`]: b } = factors();
  if (a === undefined || b === undefined) throw new Error('no factors');
  const head = handSafetensors({ 'v_head.summary.weight': { shape: [1, 8], values: Array<number>(8).fill(1) } });
  const pair = { [`${Q}.lora_A.weight`]: a, [`${Q}.lora_B.weight`]: b };
  const folder = adapter({ ...LORA, task_type: 'CAUSAL_LM' }, pair, { 'value_head.safetensors': head });
  const path = join(root, `${made++}.gguf`);
  await convertCheckpoint(await openAdapter(folder, base()), path, { type: 'f32' });
  assert.is((await readGguf(path)).tensors.at(-1)?.name, 'cls.output.weight');
});

test('what is no plain LoRA is refused by name', async () => {
  for (const [more, message] of [
    [{ peft_type: 'IA3' }, /of type "IA3", and "LORA" can be merged/],
    [{ use_dora: true }, /has use_dora true, which is not merged here.*merge_and_unload/],
    [{ bias: 'all' }, /has bias "all"/],
    [{ alpha_pattern: { q_proj: 4 } }, /has alpha_pattern/],
    [{ init_lora_weights: 'pissa' }, /has init_lora_weights "pissa", which may change the base/],
    [{ task_type: 'TOKEN_CLS' }, /for the task "TOKEN_CLS", which gives no reward/],
  ] as const) {
    await refused('INFORM_UNSUPPORTED_MODEL', message, adapter({ ...LORA, ...more }));
  }
  await refused(
    'INFORM_INVALID_CHECKPOINT',
    /must give lora_alpha as a positive number/,
    adapter({ ...LORA, lora_alpha: 0 }),
  );
});

test('a folder that holds no adapter', async () => {
  await refused(
    'INFORM_INVALID_CHECKPOINT',
    /holds no adapter: it has no adapter_config\.json\. Name the adapter's/,
    base(),
  );
});

test('an adapter that does not fit its base', async () => {
  const named = (name: string, shape: number[]): HandTensors => ({
    ...factors(),
    [name]: { shape, values: Array<number>(shape.reduce((a, b) => a * b)).fill(0) },
  });
  const invalid = 'INFORM_INVALID_CHECKPOINT';
  await refused(
    invalid,
    /has \[1, 8\] and \[4, 1\] for .*q_proj\.weight/,
    adapter(LORA, named(`${Q}.lora_B.weight`, [4, 1])),
  );
  await refused(
    invalid,
    /changes x\.weight, which the base has not/,
    adapter(LORA, named('base_model.model.x.lora_A.weight', [1, 8])),
  );
  await refused(invalid, /PEFT's names begin with base_model\.model\./, adapter(LORA, named('x', [1])));
});

test.run();
