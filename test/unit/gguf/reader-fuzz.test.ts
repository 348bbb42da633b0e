import { mkdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { readCheckpointConfig } from '#src/convert/checkpoint-config.js';
import { planTensors } from '#src/convert/tensors.js';
import { openCheckpointFolder } from '#src/convert/weights.js';
import { InformError, type ErrorCode } from '#src/errors.js';
import { readGguf, type Gguf } from '#src/gguf/reader.js';
import { damagedBytes, damagedJson } from '../../support/models/damage.js';
import { handCheckpoint, handSafetensors, handTensors, safetensorsBytes } from '../../support/models/checkpoint.js';
import { expectError } from '../../support/assert/expect-error.js';
import { entry, ggufBytes, tensorInfo, text, u32, u64, u8 } from '../../support/models/gguf-bytes.js';
import { Random } from '../../support/random.js';
import { tempFolder } from '../../support/temp-folder.js';

// Damaged files, from fixed seeds: a reader gives a clear error or a table that fits its file. It never fails in another
// way, takes long, or keeps more memory than a damaged file of this size could justify.

const SEED = 20261124;
const MAX_MILLISECONDS = 5000; // for one small file; a hang is what this finds
const MAX_GROWTH_BYTES = 256 << 20;

interface Outcomes {
  refused: number;
  accepted: number;
}

/** Runs `attempt` on each damaged file and counts how it ended. */
async function fuzz(
  rounds: number,
  codes: readonly ErrorCode[],
  attempt: (random: Random) => Promise<void>,
): Promise<Outcomes> {
  const random = new Random(SEED);
  const outcomes = { refused: 0, accepted: 0 };
  const before = process.memoryUsage().rss;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    try {
      await attempt(random);
      outcomes.accepted++;
    } catch (error) {
      if (!(error instanceof InformError)) throw new Error(`round ${round}: ${String(error)}`, { cause: error });
      assert.ok(codes.includes(error.code), `round ${round}: ${error.code}: ${error.message}`);
      assert.match(error.message, /^.{10,700}\.$/, `round ${round}: ${error.message.slice(0, 1000)}`); // one line, of bounded length
      outcomes.refused++;
    }
    const took = performance.now() - start;
    assert.ok(took < MAX_MILLISECONDS, `round ${round} took ${took} ms`);
  }
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < MAX_GROWTH_BYTES, `memory grew by ${growth} bytes`);
  return outcomes;
}

const CHECKPOINT_CODES: readonly ErrorCode[] = ['INFORM_INVALID_CHECKPOINT', 'INFORM_UNSUPPORTED_MODEL'];

/** Reads the checkpoint as a conversion does; what it accepts must fit the file. */
async function readCheckpoint(folder: string, fileBytes: number): Promise<void> {
  const { tensors } = await openCheckpointFolder(new CheckpointFiles(folder));
  let end = 0;
  for (const { offset, byteLength } of [...tensors.values()].sort((a, b) => a.offset - b.offset)) {
    assert.ok(offset >= Math.max(8, end) && byteLength >= 0 && offset + byteLength <= fileBytes);
    end = offset + byteLength;
  }
  planTensors(await readCheckpointConfig(new CheckpointFiles(folder)), tensors);
}

test('safetensors: damaged bytes', async () => {
  const folder = handCheckpoint(tempFolder(), 'checkpoint');
  const whole = handSafetensors(handTensors());
  const { refused, accepted } = await fuzz(1000, CHECKPOINT_CODES, async (random) => {
    const bytes = damagedBytes(whole, random);
    writeFileSync(join(folder, 'model.safetensors'), bytes);
    await readCheckpoint(folder, bytes.length);
  });
  assert.ok(refused > 400 && accepted > 50, `${refused} refused, ${accepted} accepted`);
});

test('safetensors: headers of another structure', async () => {
  const folder = handCheckpoint(tempFolder(), 'checkpoint');
  const whole = handSafetensors(handTensors());
  const length = Number(whole.readBigUInt64LE());
  const header: unknown = JSON.parse(whole.toString('utf8', 8, 8 + length));
  const { refused } = await fuzz(1000, CHECKPOINT_CODES, async (random) => {
    let damaged = damagedJson(header, random);
    if (random.below(3) === 0) damaged = damagedJson(damaged, random);
    const bytes = safetensorsBytes(damaged, whole.subarray(8 + length));
    writeFileSync(join(folder, 'model.safetensors'), bytes);
    await readCheckpoint(folder, bytes.length);
  });
  assert.ok(refused > 700, `${refused} refused`);
});

test('the JSON files of a checkpoint', async () => {
  const folder = handCheckpoint(tempFolder(), 'checkpoint', { config: { ...CONFIG } });
  const tensors = Object.keys(handTensors());
  const shard = 'model-00001-of-00001.safetensors';
  renameSync(join(folder, 'model.safetensors'), join(folder, shard));
  const index = { weight_map: Object.fromEntries(tensors.map((name) => [name, shard])) };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  const fileBytes = handSafetensors(handTensors()).length;
  for (const [name, whole] of [
    ['config.json', CONFIG],
    ['model.safetensors.index.json', index],
  ] as const) {
    const { refused } = await fuzz(500, CHECKPOINT_CODES, async (random) => {
      const json = JSON.stringify(damagedJson(whole, random));
      writeFileSync(join(folder, name), random.below(4) === 0 ? damagedBytes(Buffer.from(json), random) : json);
      await readCheckpoint(folder, fileBytes);
    });
    assert.ok(refused > 100, `${name}: ${refused} refused`);
    writeFileSync(join(folder, name), JSON.stringify(whole));
  }
});

const CONFIG = {
  architectures: ['INFORMForSequenceClassification'],
  model_type: 'llama',
  id2label: { 0: 'LABEL_0' },
  hidden_size: 8,
  intermediate_size: 6,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  num_hidden_layers: 1,
  head_dim: 4,
  vocab_size: 5,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 500000,
  rope_scaling: {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  },
};

test('safetensors: a header as large as is read, of nothing but brackets', async () => {
  const folder = join(tempFolder(), 'brackets');
  mkdirSync(folder);
  const megabytes = 8;
  const inner = '[],'.repeat((megabytes << 20) / 3 - 10);
  writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes(`{"a":[${inner}1]}`, Buffer.alloc(0)));
  const before = process.memoryUsage().rss;
  await expectError('INFORM_INVALID_CHECKPOINT', /unknown dtype/, () =>
    openCheckpointFolder(new CheckpointFiles(folder)),
  );
  assert.ok(process.memoryUsage().rss - before < 1 << 30);
  writeFileSync(
    join(folder, 'model.safetensors'),
    safetensorsBytes(`{"a":[${inner}1]}${' '.repeat(1000)}`, Buffer.alloc(0)),
  );
  await expectError('INFORM_INVALID_CHECKPOINT', /its header would be \d+ bytes long/, () =>
    openCheckpointFolder(new CheckpointFiles(folder)),
  );
});

async function readDamagedGguf(path: string, bytes: Buffer): Promise<void> {
  writeFileSync(path, bytes);
  const gguf: Gguf = await readGguf(path);
  let end = gguf.dataOffset;
  for (const { offset, byteLength, shape } of gguf.tensors) {
    assert.ok(offset >= end && byteLength > 0 && offset + byteLength <= bytes.length);
    assert.ok(shape.every((size) => Number.isSafeInteger(size) && size > 0));
    end = offset + byteLength;
  }
}

test('GGUF: damaged bytes', async () => {
  const path = join(tempFolder(), 'model.gguf');
  const whole = ggufBytes({
    entries: [
      entry('general.architecture', 'string', text('llama')),
      entry('general.alignment', 'uint32', u32(32)),
      entry('words', 'array', u32(8), u64(3), text('ab'), text('c'), text('')),
      entry('ints', 'array', u32(5), u64(2), Buffer.alloc(8)),
      entry('flags', 'array', u32(7), u64(2), u8(0, 1)),
      entry('big', 'uint64', u64(2n ** 60n)),
    ],
    tensors: [tensorInfo('a', [2, 3], 0, 0), tensorInfo('b', [32], 8, 32), tensorInfo('c', [1, 1, 2, 2], 30, 96)],
    data: Buffer.alloc(128),
  });
  await readDamagedGguf(path, whole);
  const { refused, accepted } = await fuzz(2000, ['INFORM_INVALID_MODEL_FILE'], (random) =>
    readDamagedGguf(path, damagedBytes(whole, random)),
  );
  assert.ok(refused > 1000 && accepted > 50, `${refused} refused, ${accepted} accepted`);
});

test('GGUF: counts that a large file has room for, but no model has', async () => {
  const path = join(tempFolder(), 'large.gguf');
  const before = process.memoryUsage().rss;
  for (const [parts, message] of [
    [{ tensorCount: 1_000_000 }, /claims 1000000 tensors/],
    [{ entryCount: 1_000_000 }, /claims 1000000 metadata values/],
    [{ entries: [entry('x', 'array', u32(8), u64(30_000_000))] }, /claims 30000000 elements of "x"/],
    [{ entries: [entry('x', 'array', u32(10), u64(2 ** 40))] }, /claims 1099511627776 elements of "x"/],
  ] as const) {
    writeFileSync(path, ggufBytes(parts));
    truncateSync(path, 2 ** 40); // a hole, no bytes
    await expectError('INFORM_INVALID_MODEL_FILE', message, () => readGguf(path));
  }
  assert.ok(process.memoryUsage().rss - before < MAX_GROWTH_BYTES);
});

test.run();
