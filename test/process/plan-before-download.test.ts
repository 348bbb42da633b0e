// `plan` of a model that is not here: from headers alone, with what it would need.
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FullPlan } from '#src/cli/plan-text.js';
import type { ModelReport } from '#src/models/inspect.js';
import { runCli } from '../support/children/cli.js';
import { HubServer } from '../support/hub/hub-server.js';
import { testCheckpoint, testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const NO_GPU = { GGML_VK_VISIBLE_DEVICES: '', CUDA_VISIBLE_DEVICES: '' };
const FOLDER = tempFolder();
const CHECKPOINT = path.join(FOLDER, 'generated');
cpSync(await testCheckpoint(), CHECKPOINT, { recursive: true });
const server = await HubServer.start();

function caches(name: string): NodeJS.ProcessEnv {
  const folder = path.join(FOLDER, name);
  return {
    ...NO_GPU,
    HF_ENDPOINT: server.endpoint,
    HF_HUB_CACHE: path.join(folder, 'hub'),
    INFORM_CACHE_DIR: path.join(folder, 'own'),
    NO_PROXY: '127.0.0.1',
  };
}

async function plan(args: string[], env: NodeJS.ProcessEnv): Promise<FullPlan> {
  const { code, stdout, stderr } = await runCli(['plan', ...args, '--json'], '', env);
  assert.is(code, 0, stderr);
  return JSON.parse(stdout) as FullPlan;
}

test.before.each(() => {
  server.requests.length = 0;
});
test.after(() => {
  server.close();
});

test('a model of the hub is planned from its headers, and the plan is that of the converted file', async () => {
  server.publishFolder('owner/generated', CHECKPOINT);
  const env = caches('checkpoint');
  const before = readdirSync(os.tmpdir()).filter((name) => name.startsWith('inform-score-plan-'));
  const planned = await plan(['owner/generated', '--type', 'bf16'], env);
  assert.equal(
    readdirSync(os.tmpdir()).filter((name) => name.startsWith('inform-score-plan-')),
    before,
  );
  assert.is(planned.type, 'bf16');
  assert.ok(planned.notHere);
  const asked = server.takeFileRequests().map(({ file, range }) => [file, range] as const);
  for (const [name, range] of asked) {
    if (name?.endsWith('.safetensors') === true) assert.match(range ?? '', /^bytes=0-\d{1,6}$/);
    else assert.match(name ?? '', /^(config\.json|model\.safetensors\.index\.json)$/);
  }

  const file = await testModel('bf16');
  const { report } = await plan([file], NO_GPU);
  const { placement } = planned.report;
  assert.equal(placement.host, report.placement.host);
  assert.equal(planned.report.model.layers, report.model.layers);
  // All but the tokenizer, which a few megabytes hold.
  assert.ok(statSync(file).size - planned.report.model.bytes < 8e6);
  assert.ok(planned.report.model.bytes < statSync(file).size);
  assert.equal(
    planned.alternatives.map(({ what }) => what),
    ['as q4_k_m', 'as q8_0'],
  );
});

test('the text names the disk that each way of fetching takes, and how long a file would take', async () => {
  server.publishFolder('owner/generated', CHECKPOINT);
  const data = fileIn(
    FOLDER,
    'data.jsonl',
    `${JSON.stringify({ instruction: 'a'.repeat(400), output: 'b'.repeat(400) })}\n{"wrong": 1}\n`,
  );
  const { code, stdout, stderr } = await runCli(['plan', 'owner/generated', data], '', caches('text'));
  assert.is(code, 0, stderr);
  for (const part of [
    /^owner\/generated: 0\.02 billion weights, [\d.]+ MB to download; no weight was read\n/,
    /\n {2}inform-score pull owner\/generated {2,}[\d.]+ MB of disk {2,}[\d.]+ GB free\n/,
    /\n {2}inform-score pull owner\/generated --delete-shards +[\d.]+ MB of disk/,
    /\nowner\/generated as bf16: [\d.]+ MB, 4 layers\n/,
    /data\.jsonl: 1 conversation, about 210 tokens \(one for 4 bytes\)\n {2}about [\d.]+ s; less where/,
    /\nexpected:\n {2}as bf16 +[\d.]+ MB +[\d,]+ tokens\/s +[\d.]+ s\n {2}as q4_k_m /,
  ])
    assert.match(stdout, part);
});

test('a GGUF of the hub is planned from its first bytes, a checkpoint folder from its headers', async () => {
  const file = await testModel('q8_0');
  server.publish('owner/ready', { 'ready-q8_0.gguf': readFileSync(file) });
  const planned = await plan(['owner/ready'], caches('gguf'));
  const { report } = await plan([file], NO_GPU);
  assert.equal(planned.report.placement.host, report.placement.host);
  assert.is(planned.notHere?.downloadBytes, statSync(file).size);
  assert.equal(planned.alternatives, []);

  const folder = await plan([CHECKPOINT, '--type', 'q8_0'], caches('folder'));
  assert.equal(folder.report.placement.host, report.placement.host);
  assert.is(folder.notHere?.downloadBytes, 0);
});

test('without the network a model that is not here is one sentence', async () => {
  const offline = await runCli(['plan', 'owner/generated'], '', { ...caches('offline'), HF_HUB_OFFLINE: '1' });
  assert.is(offline.code, 1);
  assert.match(offline.stderr, /^inform-score: owner\/generated is not in the cache, .*\[INFORM_DOWNLOAD_FAILED\]\n$/);
});

test('a model of the hub and a checkpoint folder are inspected as what they would be converted to', async () => {
  server.publishFolder('owner/inspected', CHECKPOINT);
  const env = caches('inspected');
  const inspect = async (...args: string[]): Promise<ModelReport> => {
    const { code, stdout, stderr } = await runCli(['inspect', ...args, '--json'], '', env);
    assert.is(code, 0, stderr);
    return JSON.parse(stdout) as ModelReport;
  };
  const file = await inspect(await testModel('bf16'));
  assert.not.ok(file.planned);
  const folder = await inspect(CHECKPOINT, '--type', 'bf16');
  // The name is the folder's, and the hash of the tensors is not known.
  const { 'inform.tensors.sha256': hash, 'general.name': name, ...metadata } = file.metadata;
  assert.ok(hash !== undefined && name !== undefined);
  assert.equal(
    { ...folder, name, fileBytes: file.fileBytes, metadata: { ...folder.metadata, 'general.name': name } },
    { ...file, path: CHECKPOINT, planned: true, metadata: { ...metadata, 'general.name': name } },
  );
  const hub = await inspect('owner/inspected', '--type', 'bf16');
  assert.ok(hub.planned);
  assert.equal([hub.geometry, hub.head, hub.parameters], [folder.geometry, folder.head, folder.parameters]);
  const text = await runCli(['inspect', 'owner/inspected'], '', env);
  assert.match(
    text.stdout,
    /\nfile +none yet: owner\/inspected would become one of [\d.]+ MB\n[^]*\ntokenizer +not read, /,
  );
  const verify = await runCli(['inspect', CHECKPOINT, '--verify'], '', env);
  assert.is(verify.code, 2);
  assert.match(verify.stderr, /is not one yet\. Fetch or convert it first\./);
});

test.run();
