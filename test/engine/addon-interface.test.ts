import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  loadAddon,
  type NativeAddon,
  type NativeModel,
  type NativeScorer,
  type NativeScorerOptions,
  type TaskHandle,
} from '#src/addon/load-addon.js';
import { CPU_ONLY } from '#src/engine/placement/measure-compute.js';
import { toInformError } from '#src/errors.js';
import { tinyModel } from '../support/models/tiny-model.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

// What src/addon/load-addon.ts declares is what native/binding defines. The compiler keeps these lists to the interfaces.

type Members<T> = Record<keyof T, true>;

const ADDON: Members<NativeAddon> = {
  TaskHandle: true,
  loadModel: true,
  createScorer: true,
  measureCompute: true,
  measureProduct: true,
  measureAttention: true,
  measureUpload: true,
  measureDisk: true,
  encodeTensors: true,
  quantize: true,
  devices: true,
  backends: true,
  addBackendFolder: true,
  opensLibrary: true,
  lockFile: true,
  drainLog: true,
  cancelAll: true,
  llamaVersion: true,
};
const TASK_HANDLE: Members<TaskHandle> = { progress: true, cancel: true };
const MODEL: Members<NativeModel> = { info: true, tokenize: true, close: true };
const SCORER: Members<NativeScorer> = { score: true, cancel: true, close: true };

const OPTIONS: NativeScorerOptions = {
  contextTokens: 64,
  maxSequences: 1,
  microBatch: 64,
  threads: 1,
  flashAttention: true,
  f32Kv: false,
  deterministic: false,
  opOffload: true,
  activations: 'ggml',
};

const { addon, backendDir } = loadAddon();

async function load(): Promise<NativeModel> {
  const path = await tinyModel(fileIn(tempFolder(), 'tiny.gguf', ''));
  return addon.loadModel({ path, headPath: '', pre: '', placement: CPU_ONLY, backendDir }, new addon.TaskHandle());
}

function checkMembers(found: readonly string[], declared: object): void {
  assert.equal([...found].sort(), Object.keys(declared).sort());
}

function checkClass(object: object, declared: object): void {
  const members = Object.getOwnPropertyNames(Object.getPrototypeOf(object) as object);
  checkMembers(
    members.filter((name) => name !== 'constructor'),
    declared,
  );
}

test('the addon exports what is declared', () => {
  checkMembers(Object.keys(addon), ADDON);
});

test('so do the objects that it makes', async () => {
  checkClass(new addon.TaskHandle(), TASK_HANDLE);
  const model = await load();
  checkClass(model, MODEL);
  const scorer = await addon.createScorer(model, OPTIONS, 1);
  checkClass(scorer, SCORER);
  await scorer.close();
  await model.close();
});

test('a scorer takes as many jobs at once as it was made for', async () => {
  const model = await load();
  const scorer = await addon.createScorer(model, OPTIONS, 2);
  const batch = { tokens: Int32Array.of(1, 2), shared: Int32Array.of(0), tails: Int32Array.of(2), reuse: true };
  const jobs = [scorer.score(0, batch), scorer.score(1, batch)];
  try {
    await scorer.score(2, batch);
    assert.unreachable();
  } catch (error) {
    assert.is(toInformError(error).code, 'INFORM_BUSY');
  }
  const [first, second] = await Promise.all(jobs);
  assert.equal(first?.rewards, second?.rewards);
  await scorer.close();
  await model.close();
});

test.run();
