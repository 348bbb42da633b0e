import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ggufNumber } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import { readGgufModel, shardPath, splitPaths } from '#src/gguf/split-model.js';
import type { GgufMetadata, GgufValue } from '#src/gguf/types.js';
import { inspectGguf } from '#src/models/inspect.js';
import { expectError } from '../../support/assert/expect-error.js';
import { llamaGguf } from '../../support/models/llama-gguf.js';
import { editGguf } from '../../support/models/models.js';
import { splitGguf } from '../../support/models/split-gguf.js';
import { tempFolder } from '../../support/temp-folder.js';

const FOLDER = tempFolder();
const SHAPE = { hidden: 32, feedForward: 64, layers: 2, heads: 2, vocabulary: 8 };
const WHOLE = await llamaGguf(join(FOLDER, 'whole.gguf'), SHAPE);

/** The model in three shards, in a folder of its own. */
async function split(name: string): Promise<[first: string, second: string, third: string]> {
  const folder = join(FOLDER, name);
  mkdirSync(folder);
  const [first = '', second = '', third = ''] = await splitGguf(WHOLE, join(folder, 'model'), 3);
  return [first, second, third];
}

/** Rewrites a shard with other metadata. */
async function change(path: string, edit: (metadata: Map<string, GgufValue>) => void): Promise<void> {
  const changed = `${path}.changed`;
  await editGguf(path, changed, {
    metadata: (metadata: GgufMetadata) => {
      const copy = new Map(metadata);
      edit(copy);
      return copy;
    },
  });
  renameSync(changed, path);
}

async function resolveShards(path: string): Promise<string[]> {
  const { shards } = await readGgufModel(path, { wantArray: () => false });
  return shards.map((shard) => shard.path);
}

test('shards are named as llama.cpp names them (the example of llama_split_path in llama.h)', () => {
  assert.is(shardPath('/models/ggml-model-q4_0', 1, 4), '/models/ggml-model-q4_0-00002-of-00004.gguf');
});

test('all shards together are the model', async () => {
  const paths = await split('together');
  assert.equal(await resolveShards(paths[0]), paths);
  assert.equal(splitPaths(paths[0]), paths);
  const [whole, model] = [await readGguf(WHOLE), await readGgufModel(paths[0])];
  assert.equal([...model.metadata], [...whole.metadata]);
  assert.equal(
    model.tensors.map(({ name, shape, byteLength }) => [name, shape, byteLength]),
    whole.tensors.map(({ name, shape, byteLength }) => [name, shape, byteLength]),
  );
  assert.equal([...new Set(model.tensors.map(({ file }) => file))], paths);
  const report = await inspectGguf(paths[0]);
  assert.is(report.shards, 3);
  assert.is(report.fileBytes, model.fileSize);
  assert.is(report.parameters, (await inspectGguf(WHOLE)).parameters);
  assert.is(report.head?.tensors.length, 4);
  assert.not.ok('split.count' in report.metadata);
});

test('a first shard without tensors, as llama-gguf-split --no-tensor-first-split writes', async () => {
  const paths = await splitGguf(WHOLE, join(FOLDER, 'empty'), 2, () => 1);
  assert.is((await readGgufModel(paths[0] ?? '')).tensors.length, 24);
});

test('a model that is not split is one file, whatever its name', async () => {
  const named = join(FOLDER, 'odd-00002-of-00003.gguf');
  copyFileSync(WHOLE, named);
  assert.equal(await resolveShards(named), [named]);
  assert.equal(splitPaths(named), [named]);
});

test('another shard than the first', async () => {
  const [first, , third] = await split('other');
  await expectError('INFORM_MODEL_NOT_FOUND', `${third} is shard 3 of 3. Name the first one: ${first}`, () =>
    resolveShards(third),
  );
});

test('a missing shard', async () => {
  const [first, second] = await split('missing');
  rmSync(second);
  await expectError(
    'INFORM_MODEL_NOT_FOUND',
    `${second} is missing: ${first} is the first of 3 shards. Put all of them into one folder.`,
    () => resolveShards(first),
  );
});

test('a shard with a name of its own', async () => {
  const [first] = await split('renamed');
  for (const name of ['model.gguf', 'model-00001-of-00002.gguf', 'model-1-of-3.gguf']) {
    const renamed = join(FOLDER, name);
    renameSync(first, renamed);
    await expectError('INFORM_MODEL_NOT_FOUND', /shard 1 of 3, .* Name it NAME-00001-of-00003\.gguf, and the/, () =>
      resolveShards(renamed),
    );
    renameSync(renamed, first);
  }
});

test('shards that do not belong together', async () => {
  const refuses = async (message: RegExp, path: string): Promise<void> => {
    await expectError('INFORM_INVALID_MODEL_FILE', message, () => resolveShards(path));
  };
  const swapped = await split('swapped');
  copyFileSync(swapped[2], swapped[1]);
  await refuses(/model-00002-of-00003\.gguf does not say that it is shard 2 of 3: it belongs to another/, swapped[0]);

  const counted = await split('counted');
  await change(counted[2], (metadata) => metadata.set('split.count', ggufNumber('uint16', 4)));
  await refuses(/model-00003-of-00003\.gguf does not say that it is shard 3 of 3/, counted[0]);

  const unsplit = await split('unsplit');
  copyFileSync(WHOLE, unsplit[1]);
  await refuses(/does not say that it is shard 2 of 3/, unsplit[0]);

  const fewer = await split('fewer');
  await change(fewer[0], (metadata) => metadata.set('split.tensors.count', ggufNumber('int32', 25)));
  await refuses(/should have 25 tensors in all its shards, but they hold 24: they are of different models/, fewer[0]);

  const unknown = await split('unknown');
  await change(unknown[0], (metadata) => metadata.delete('split.tensors.count'));
  await refuses(/should have an unknown number of tensors/, unknown[0]);

  // Eight tensors each, of which the third repeats those of the second.
  const twice = await split('twice');
  copyFileSync(twice[1], twice[2]);
  await change(twice[2], (metadata) => metadata.set('split.no', ggufNumber('uint16', 2)));
  await refuses(/both hold the tensor "blk\./, twice[0]);

  const typed = await split('typed');
  await change(typed[1], (metadata) => metadata.set('split.no', ggufNumber('uint32', 1)));
  await refuses(/stores split\.no as uint32 instead of uint16/, typed[0]);

  const damaged = await split('damaged');
  copyFileSync(import.meta.filename, damaged[1]);
  await refuses(new RegExp(`${basename(damaged[1])} is not a GGUF file`), damaged[0]);
});

test.run();
