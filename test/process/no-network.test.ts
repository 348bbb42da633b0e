import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCli } from '../support/children/cli.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { tinyModel } from '../support/models/tiny-model.js';

const folder = tempFolder();
const model = await tinyModel(join(folder, 'tiny.gguf'));
const samples = fileIn(folder, 'samples.jsonl', '{"instruction": "the", "output": "he"}\nnonsense\n');
const preload = new URL('../support/children/no-network.js', import.meta.url).href;
const env = {
  NODE_OPTIONS: `--import=${preload}`,
  HF_ENDPOINT: 'http://127.0.0.1:49151',
  HF_HOME: join(folder, 'hf'),
  HF_HUB_CACHE: join(folder, 'hf', 'hub'),
  INFORM_CACHE_DIR: join(folder, 'own'),
};
const small = ['--context-tokens', '64', '--max-length', '64'];

test('scoring, inspecting and listing devices never reach for the network', async () => {
  const config = fileIn(folder, 'config.yaml', `model: ${model}\nscore_head: ${model}\ninput: ${samples}\n`);
  for (const [args, code] of [
    [[samples, '-m', model, '-o', join(folder, 'scores.jsonl'), ...small], 3],
    [['-c', config, ...small], 3],
    [['inspect', model], 0],
    [['devices'], 0],
    [[samples, '-m', join(folder, 'missing.gguf')], 1],
  ] as const) {
    const result = await runCli(args, '', env);
    assert.is(result.code, code, `${args.join(' ')}: ${result.stderr}`);
    assert.not.match(result.stderr, /NETWORK/);
  }
});

test('a hub id that is not in the cache does, so the watch above works', async () => {
  const { code, stderr } = await runCli([samples, '-m', 'owner/name'], '', { ...env, HF_HUB_OFFLINE: '' });
  assert.is(code, 1, stderr);
  assert.match(stderr, /NETWORK/);
});

test('max_line_bytes: a longer line is rejected with its file, line and reason', async () => {
  const long = fileIn(
    folder,
    'long.jsonl',
    `{"id": 1, "instruction": "the", "output": "he"}\n{"id": 2, "instruction": "${'x'.repeat(200)}", "output": "he"}\n`,
  );
  const output = join(folder, 'limited.jsonl');
  const { code, stderr } = await runCli(
    [long, '-m', model, '-o', output, '--max-line-bytes', '100', ...small],
    '',
    env,
  );
  assert.is(code, 3, stderr);
  assert.match(stderr, /Rejected .*long\.jsonl, line 2: the line is longer than 100 bytes \[INFORM_INVALID_SAMPLE\]/);
});

test.run();
