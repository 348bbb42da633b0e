import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { scanCacheDir } from '@huggingface/hub';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { convertCheckpoint } from '#src/convert/convert.js';
import { readGguf } from '#src/gguf/reader.js';
import { CONVERTER_VERSION } from '#src/models/converted-models.js';
import { requireHubId } from '#src/models/hub/hub-id.js';
import { RewardModel } from '#src/scoring/reward-model.js';
import { hubModel, pullModel, type PullOptions } from '#src/models/hub/pull.js';
import {
  handCheckpoint,
  handConfig,
  handOneLayer,
  handSafetensors,
  handTensors,
  safetensorsBytes,
} from '../support/models/checkpoint.js';
import { expectError } from '../support/assert/expect-error.js';
import { HubServer, type HubRequest } from '../support/hub/hub-server.js';
import { shardCheckpoint } from '../support/models/sharded.js';
import { tempFolder } from '../support/temp-folder.js';

const REPO = 'owner/tiny-reward';
const FOLDER = tempFolder();
const TOKEN = 'hf_SecretSecretSecret';
const CHECKPOINT = handCheckpoint(FOLDER, 'checkpoint');
const SHARDED = path.join(FOLDER, 'sharded');
const SHARDS = shardCheckpoint(CHECKPOINT, SHARDED, 5);
const GGUF = randomBytes(400_000);

const server = await HubServer.start();
const closedPort = await HubServer.start().then((other) => {
  const { endpoint } = other;
  other.close();
  return endpoint;
});
let caches = 0;
let hubCache = '';
let ownCache = '';

/** New caches, and a hub that works. */
function startAnew(): void {
  const folder = path.join(FOLDER, `caches-${caches++}`);
  hubCache = path.join(folder, 'hub');
  ownCache = path.join(folder, 'own');
  Object.assign(process.env, {
    HF_ENDPOINT: server.endpoint,
    HF_HOME: folder,
    HF_HUB_CACHE: hubCache,
    INFORM_CACHE_DIR: ownCache,
    NO_PROXY: '127.0.0.1',
  });
  delete process.env['HF_TOKEN'];
  delete process.env['HF_HUB_OFFLINE'];
  server.fault = () => undefined;
  server.requests.length = 0;
}

const QUICK: PullOptions = {
  type: 'f16',
  // A busy machine may take seconds to answer.
  patience: { listingAttempts: 3, attempts: 3, firstDelayMs: 5, stallMs: 10_000 },
};
/** For servers that fall silent. */
const IMPATIENT = { patience: { ...QUICK.patience, stallMs: 300 } };

function pull(model: string, options: Partial<PullOptions> = {}): Promise<string> {
  return pullModel(requireHubId(model), { ...QUICK, ...options });
}

function score(model: string, options: Partial<PullOptions> = {}): Promise<string> {
  return hubModel(requireHubId(model), { ...QUICK, ...options });
}

function filesOf(requests: readonly HubRequest[]): string[] {
  return [...new Set(requests.map(({ file = '' }) => file))].sort();
}

function faultOn(file: string, fault: object, times = Infinity): void {
  let left = times;
  server.fault = (request) => (request.file === file && request.on === 'storage' && left-- > 0 ? fault : undefined);
}

function blobs(): string[] {
  const folder = path.join(hubCache, 'models--owner--tiny-reward', 'blobs');
  return existsSync(folder) ? readdirSync(folder) : [];
}

function partials(): string[] {
  return blobs().filter((name) => name.endsWith('.incomplete'));
}

/** The files of a checkpoint of hundreds of terabytes, without the weights, and the size that these would have. */
function giantCheckpoint(): { files: Record<string, Buffer>; sizes: Record<string, number> } {
  const header: Record<string, unknown> = {};
  const giant = new Map([
    [8, 2 ** 20], // hidden size
    [4, 2 ** 19], // one key-value head of two
    [6, 2 ** 24], // feed forward
  ]);
  let end = 0;
  for (const [name, tensor] of Object.entries(handTensors())) {
    const shape = tensor.shape.map((size) => giant.get(size) ?? size);
    const bytes = shape.reduce((product, size) => product * size, 4);
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const start = safetensorsBytes(header, Buffer.alloc(0));
  const folder = handCheckpoint(FOLDER, 'giant', {
    config: { ...handConfig(), hidden_size: 2 ** 20, intermediate_size: 2 ** 24 },
  });
  const files = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))]));
  // Long enough for the read of a header's length to be of the head that is asked for.
  files['model.safetensors'] = Buffer.concat([start, Buffer.alloc(200_000)]);
  return { files, sizes: { 'model.safetensors': start.length + end } };
}

test.before.each(startAnew);
test.after(() => {
  server.close();
});

test('a fresh pull: the file equals a conversion of the folder, apart from where it comes from', async () => {
  const commit = server.publishFolder(REPO, SHARDED);
  const model = await pull(REPO);
  assert.is(
    model,
    path.join(ownCache, 'models', 'owner--tiny-reward', `${commit}-v${CONVERTER_VERSION}`, 'tiny-reward-f16.gguf'),
  );

  const reference = path.join(FOLDER, 'reference.gguf');
  await convertCheckpoint(SHARDED, reference, { type: 'f16', source: { repository: REPO, revision: commit } });
  assert.ok(readFileSync(model).equals(readFileSync(reference)));
  const { metadata } = await readGguf(model);
  assert.is(metadata.get('inform.source.revision')?.value, commit);
  assert.match(String(metadata.get('general.source.repo_url')?.value), /\/owner\/tiny-reward$/);
});

test('only what a conversion needs is fetched, into the layout that Python shares', async () => {
  const extra = {
    'pytorch_model.bin': randomBytes(2000),
    'training/log.json': '{}',
    'README.md': '---\nlicense: mit\n---\n',
  };
  const files = Object.fromEntries(readdirSync(SHARDED).map((name) => [name, readFileSync(path.join(SHARDED, name))]));
  const commit = server.publish(REPO, { ...files, ...extra });
  await pull(REPO);
  assert.equal(filesOf(server.takeFileRequests()), ['README.md', ...readdirSync(SHARDED)].sort());

  const repository = path.join(hubCache, 'models--owner--tiny-reward');
  assert.is(readFileSync(path.join(repository, 'refs', 'main'), 'utf8'), commit);
  const snapshot = path.join(repository, 'snapshots', commit);
  for (const name of readdirSync(snapshot)) {
    assert.ok(lstatSync(path.join(snapshot, name)).isSymbolicLink(), name);
    assert.match(readlinkSync(path.join(snapshot, name)), /^\.\.\/\.\.\/blobs\/([0-9a-f]{40}|[0-9a-f]{64})$/);
    assert.ok(readFileSync(path.join(snapshot, name)).equals(Buffer.from(files[name] ?? extra['README.md'])), name);
  }
  assert.equal(partials(), []);
  const { repos, warnings } = await scanCacheDir(hubCache);
  assert.equal(warnings, []);
  assert.equal(
    repos.map(({ id }) => id),
    [{ name: REPO, type: 'model' }],
  );
  assert.equal(
    repos[0]?.revisions.map(({ commitOid, refs }) => ({ commitOid, refs })),
    [{ commitOid: commit, refs: ['main'] }],
  );
});

test('what is here is not fetched again: pull asks for the listing only, scoring for nothing', async () => {
  server.publishFolder(REPO, SHARDED);
  const model = await pull(REPO);
  server.requests.length = 0;
  assert.is(await pull(REPO), model);
  assert.ok(server.requests.length > 0);
  assert.equal(server.takeFileRequests(), []);
  assert.is(await score(REPO), model);
  assert.is(server.requests.length, 0);
  // Another type is another conversion of the same shards.
  assert.not.equal(await score(REPO, { type: 'bf16' }), model);
  assert.is(server.requests.length, 0);
});

test('pull follows a branch that has moved; a pinned revision does not', async () => {
  const first = server.publishFolder(REPO, SHARDED);
  server.tag(REPO, 'v1.0', first);
  const old = await pull(REPO);
  const second = server.publish(REPO, {
    ...Object.fromEntries(readdirSync(SHARDED).map((name) => [name, readFileSync(path.join(SHARDED, name))])),
    'README.md': 'new',
  });
  assert.is(await score(REPO), old);
  const moved = await pull(REPO);
  assert.ok(moved.includes(second));
  assert.is(await score(REPO), moved);
  assert.is(await pull(`${REPO}@v1.0`), old);
  assert.is(await score(`${REPO}@${first}`), old);
  assert.is(await score(`${REPO}@v1.0`), old);
});

test('after a cut only the missing range is asked for, in the same run and in the next', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  faultOn('model.gguf', { cutAfter: 100_000 }, 2);
  const model = await pull(REPO);
  assert.ok(readFileSync(model).equals(GGUF));
  const ranges = server
    .takeFileRequests()
    .filter(({ on }) => on === 'storage')
    .map(({ range }) => range);
  assert.is(ranges.length, 3);
  assert.is(ranges[0], undefined);
  for (const range of ranges.slice(1)) assert.match(range ?? '', /^bytes=[1-9]\d*-$/);

  startAnew();
  server.fault = (request) =>
    request.on === 'storage' ? (request.range === undefined ? { cutAfter: 150_000 } : { cutAfter: 100 }) : undefined;
  await expectError('INFORM_DOWNLOAD_FAILED', /ends the connection in the middle of model\.gguf/, () => pull(REPO));
  const [partial = ''] = partials();
  const { size } = lstatSync(path.join(hubCache, 'models--owner--tiny-reward', 'blobs', partial));
  assert.ok(size > 0 && size <= 151_000, String(size));
  server.takeFileRequests();
  server.fault = () => undefined;
  assert.ok(readFileSync(await pull(REPO)).equals(GGUF));
  assert.equal(
    server.takeFileRequests().map(({ range }) => range),
    [`bytes=${size}-`, `bytes=${size}-`],
  );
});

test('a beginning that another tool left long ago is used, and one that is wrong is not', async () => {
  for (const beginning of [GGUF.subarray(0, 250_000), randomBytes(250_000)]) {
    startAnew();
    server.publish(REPO, { 'model.gguf': GGUF });
    const hash = createHash('sha256').update(GGUF).digest('hex');
    const blob = path.join(hubCache, 'models--owner--tiny-reward', 'blobs', `${hash}.incomplete`);
    mkdirSync(path.dirname(blob), { recursive: true });
    writeFileSync(blob, beginning);
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(blob, hourAgo, hourAgo);
    assert.ok(readFileSync(await pull(REPO)).equals(GGUF));
    const [first, ...others] = server
      .takeFileRequests()
      .filter(({ on }) => on === 'storage')
      .map(({ range }) => range);
    assert.is(first, 'bytes=250000-');
    assert.equal(others, beginning.equals(GGUF.subarray(0, 250_000)) ? [] : [undefined]);
  }
});

test('a server that does not know ranges begins anew', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  let cuts = 1;
  server.fault = ({ on }) =>
    on === 'storage' ? (cuts-- > 0 ? { cutAfter: 100_000 } : { ignoreRange: true }) : undefined;
  assert.ok(readFileSync(await pull(REPO)).equals(GGUF));
});

test('wrong content is refused and removed; so is a wrong length', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  faultOn('model.gguf', { corrupt: true });
  await expectError('INFORM_DOWNLOAD_FAILED', /model\.gguf with wrong content.*removed/, () => pull(REPO));
  assert.equal(blobs(), []);
  faultOn('model.gguf', { shorterBy: 10 });
  await expectError('INFORM_DOWNLOAD_FAILED', /399990 bytes instead of the 400000/, () => pull(REPO));
  server.fault = ({ file, on }) => (file === 'config.json' && on === 'hub' ? { corrupt: true } : undefined);
  server.publishFolder('owner/small-wrong', SHARDED);
  await expectError('INFORM_DOWNLOAD_FAILED', /config\.json with wrong content/, () => pull('owner/small-wrong'));
  assert.not.ok(existsSync(path.join(ownCache, 'models')));
});

test('a server that falls silent is asked again', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  faultOn('model.gguf', { stallAfter: 65_536 }, 1);
  assert.ok(readFileSync(await pull(REPO, IMPATIENT)).equals(GGUF));
});

test('a slow server is waited for', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  faultOn('model.gguf', { pieceDelayMs: 100 });
  assert.ok(readFileSync(await pull(REPO, IMPATIENT)).equals(GGUF));
});

test('429 with Retry-After and 503 are tried again, and told when they stay', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  let failures = 2;
  server.fault = () =>
    failures-- > 0 ? { status: failures === 1 ? 503 : 429, headers: { 'Retry-After': '1' } } : undefined;
  const began = performance.now();
  assert.ok(readFileSync(await pull(REPO)).equals(GGUF));
  assert.ok(performance.now() - began >= 2000);

  startAnew();
  server.fault = () => ({ status: 503 });
  await expectError('INFORM_DOWNLOAD_FAILED', /answers with status 503/, () => pull(REPO));
  assert.is(server.requests.length, 3);
  server.fault = () => ({ status: 429, headers: { 'Retry-After': '3600' } });
  await expectError('INFORM_DOWNLOAD_FAILED', /asks to wait \(status 429\)/, () => pull(REPO));
  assert.is(server.requests.length, 4);
});

test('an address of the storage that has expired is replaced by a new one', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  faultOn('model.gguf', { status: 403 }, 1);
  assert.ok(readFileSync(await pull(REPO)).equals(GGUF));
});

test('each refusal of the hub says what to do', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  await expectError('INFORM_MODEL_NOT_FOUND', /owner\/nothing does not exist on the hub/, () => pull('owner/nothing'));
  await expectError('INFORM_MODEL_NOT_FOUND', /no such revision/, () => pull(`${REPO}@v9`));
  server.fault = () => ({ status: 401 });
  await expectError('INFORM_DOWNLOAD_FAILED', /private or gated.*licence.*HF_TOKEN/, () => pull(REPO));
  for (const fault of [{ status: 403 }, { status: 401, headers: { 'X-Error-Code': 'GatedRepo' } }]) {
    server.fault = () => fault;
    await expectError(
      'INFORM_DOWNLOAD_FAILED',
      /is gated.*Accept its licence on http.*owner\/tiny-reward, then set HF_TOKEN/,
      () => pull(REPO),
    );
  }
  process.env['HF_TOKEN'] = TOKEN;
  server.fault = () => ({ status: 401 });
  await expectError('INFORM_DOWNLOAD_FAILED', /does not accept the access token/, () => pull(REPO));
  // None of these is worth a second try.
  assert.is(server.requests.filter(({ url }) => url.includes('/revision/')).length, 6);
  server.fault = () => ({ body: '<html>' });
  await expectError('INFORM_DOWNLOAD_FAILED', /does not answer as a Hugging Face hub does/, () => pull(REPO));
  process.env['HF_ENDPOINT'] = closedPort;
  await expectError('INFORM_DOWNLOAD_FAILED', /cannot be reached: .*ECONNREFUSED/, () => pull(REPO));
});

test('the token goes to the hub and to nobody else, and into no error', async () => {
  process.env['HF_TOKEN'] = TOKEN;
  server.publish(REPO, { 'model.gguf': GGUF });
  await pull(REPO);
  for (const { on, authorization } of server.requests) {
    assert.is(authorization, on === 'hub' ? `Bearer ${TOKEN}` : undefined);
  }
  assert.ok(server.requests.some(({ on }) => on === 'storage'));
  const faults = [
    { status: 401 },
    { status: 403 },
    { status: 404 },
    { status: 418 },
    { status: 429 },
    { status: 500 },
    { body: `Bearer ${TOKEN} {` },
    { body: JSON.stringify({ sha: TOKEN }) },
    { cutAfter: 10 },
    { corrupt: true },
    { shorterBy: 1 },
    { stallAfter: 5 },
  ];
  const seen: string[] = [];
  for (const on of ['hub', 'storage']) {
    for (const fault of faults) {
      rmSync(hubCache, { recursive: true, force: true });
      server.fault = (request) => (request.on === on ? fault : undefined);
      const onProgress = (status: object): unknown => seen.push(inspect(status));
      const error: unknown = await pull(REPO, { ...IMPATIENT, onProgress }).catch((thrown: unknown) => thrown);
      seen.push(inspect(error, { depth: 20, showHidden: true }));
      if (error instanceof Error) seen.push(error.stack ?? '');
    }
  }
  process.env['HF_ENDPOINT'] = closedPort;
  seen.push(inspect(await pull(REPO).catch((thrown: unknown) => thrown), { depth: 20 }));
  process.env['HF_TOKEN'] = `${TOKEN} with spaces`;
  seen.push(inspect(await pull(REPO).catch((thrown: unknown) => thrown), { depth: 20 }));
  process.env['HF_TOKEN'] = TOKEN;
  process.env['HF_ENDPOINT'] = `http://user:${TOKEN}@127.0.0.1:1`;
  seen.push(inspect(await pull(REPO).catch((thrown: unknown) => thrown), { depth: 20 }));
  assert.ok(seen.length > 20);
  for (const text of seen) assert.not.ok(text.includes('SecretSecret'), text);
  const thrown = seen.filter((text) => text.includes('InformError'));
  assert.ok(thrown.length > 20, String(thrown.length));
});

test('offline, what is in the cache works and the rest is refused', async () => {
  process.env['HF_HUB_OFFLINE'] = '1';
  await expectError('INFORM_DOWNLOAD_FAILED', /not in the cache as f16.*HF_HUB_OFFLINE/, () => score(REPO));
  assert.is(server.requests.length, 0);
  delete process.env['HF_HUB_OFFLINE'];
  server.publishFolder(REPO, SHARDED);
  const model = await pull(REPO);
  process.env['HF_HUB_OFFLINE'] = '1';
  server.requests.length = 0;
  assert.is(await score(REPO), model);
  assert.is(await pull(REPO), model);
  // Without our conversion, the checkpoint in the shared cache is enough.
  rmSync(ownCache, { recursive: true });
  assert.is(await score(REPO), model);
  assert.ok(existsSync(model));
  assert.is(server.requests.length, 0);
});

test("Nemotron's reward model is known by its id: row 0 of the logits' matrix, pulled, shard by shard and from the shared cache", async () => {
  const repository = 'nvidia/Llama-3.1-Nemotron-70B-Reward-HF';
  const backbone = Object.entries(handTensors()).filter(([name]) => !name.startsWith('score'));
  const logits = { shape: [5, 8], values: Array.from({ length: 40 }, (_, i) => i + 100) };
  const config = { ...handConfig(), architectures: ['LlamaForCausalLM'] };
  const folder = handCheckpoint(FOLDER, 'nemotron', {
    config,
    tensors: { ...Object.fromEntries(backbone), 'lm_head.weight': logits },
  });
  const expectRowZero = async (model: string): Promise<void> => {
    const { tensors } = await readGguf(model);
    assert.not.ok(tensors.some(({ name }) => name === 'output.weight'));
    const head = tensors.find(({ name }) => name === 'cls.output.weight');
    assert.equal(head?.shape, [8, 1]);
    const bytes = readFileSync(model).subarray(head?.offset, (head?.offset ?? 0) + (head?.byteLength ?? 0));
    assert.equal([...new Float32Array(Uint8Array.from(bytes).buffer)], logits.values.slice(0, 8));
  };
  for (const deleteShards of [true, false]) {
    startAnew();
    server.publishFolder(repository, folder);
    await expectRowZero(await pull(repository, { deleteShards }));
  }
  rmSync(ownCache, { recursive: true });
  process.env['HF_HUB_OFFLINE'] = '1';
  await expectRowZero(await score(repository));
  // The same model under another name is a language model.
  startAnew();
  server.publishFolder(REPO, folder);
  await expectError('INFORM_UNSUPPORTED_MODEL', /is a language model.*convert --reward-token 0/, () => pull(REPO));
});

test('a value head in a file of its own comes along: pulled, from the shared cache, and shard by shard', async () => {
  const { config, tensors } = handOneLayer();
  const backbone = Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== 'score.weight'));
  const head = { 'v_head.summary.weight': { shape: [1, 8], values: [1, -2, 3, -4, 5, -6, 7, -8] } };
  const folder = handCheckpoint(FOLDER, 'value-head', {
    config: { ...config, architectures: ['LlamaForCausalLM'] },
    tensors: backbone,
  });
  writeFileSync(path.join(folder, 'value_head.safetensors'), handSafetensors(head, 'F32'));
  const headOf = async (model: string): Promise<unknown> =>
    (await readGguf(model)).tensors
      .filter(({ name }) => name.startsWith('cls.'))
      .map(({ name, shape }) => [name, shape]);
  const expected = await headOf(
    (await convertCheckpoint(folder, path.join(FOLDER, 'value-head.gguf'), { type: 'f16' })).paths[0] ?? '',
  );
  assert.equal(expected, [['cls.output.weight', [8, 1]]]);
  for (const deleteShards of [false, true]) {
    startAnew();
    server.publishFolder(REPO, folder);
    assert.equal(await headOf(await pull(REPO, { deleteShards })), expected);
  }
  startAnew();
  server.publishFolder(REPO, folder);
  await pull(REPO);
  rmSync(ownCache, { recursive: true });
  process.env['HF_HUB_OFFLINE'] = '1';
  assert.equal(await headOf(await score(REPO)), expected);
});

test('deleting shards: never more than two are here, and the shared cache gets none', async () => {
  server.publishFolder(REPO, SHARDED);
  const reference = await pull(REPO);
  const expected = readFileSync(reference);
  startAnew();
  let most = 0;
  const commit = server.publishFolder(REPO, SHARDED);
  const folder = path.join(ownCache, 'models', 'owner--tiny-reward', `${commit}-v${CONVERTER_VERSION}`, 'shards');
  const count = (): void => {
    if (!existsSync(folder)) return;
    most = Math.max(most, new Set(readdirSync(folder).map((name) => name.slice(0, 64))).size);
  };
  // Counted whenever a shard is asked for and whenever something has happened.
  server.fault = () => {
    count();
    return undefined;
  };
  const model = await pull(REPO, { deleteShards: true, onProgress: count });
  assert.ok(readFileSync(model).equals(expected));
  assert.ok(most >= 1 && most <= 2, String(most));
  assert.not.ok(existsSync(folder));
  const snapshot = readdirSync(path.join(hubCache, 'models--owner--tiny-reward', 'snapshots', commit));
  assert.equal(
    snapshot.filter((name) => SHARDS.includes(name)),
    [],
  );
  // Of each shard its head, then all of it, once.
  const whole = server
    .takeFileRequests()
    .filter(({ file = '', on, range }) => on === 'storage' && SHARDS.includes(file) && range === undefined);
  assert.equal(whole.map(({ file }) => file).sort(), SHARDS);
  assert.is(await pull(REPO, { deleteShards: true }), model);
  assert.equal(server.takeFileRequests(), []);
});

test('deleting shards leaves those alone that the shared cache has', async () => {
  server.publishFolder(REPO, SHARDED);
  await pull(REPO);
  rmSync(ownCache, { recursive: true });
  server.requests.length = 0;
  await pull(REPO, { deleteShards: true });
  assert.equal(server.takeFileRequests(), []);
  const [snapshot = ''] = readdirSync(path.join(hubCache, 'models--owner--tiny-reward', 'snapshots'));
  for (const shard of SHARDS) {
    assert.ok(existsSync(path.join(hubCache, 'models--owner--tiny-reward', 'snapshots', snapshot, shard)));
  }
});

test('a conversion that fails while shards stream in says what it has lost', async () => {
  server.publishFolder(REPO, SHARDED);
  const last = SHARDS.at(-1) ?? '';
  server.fault = ({ file, on, range }) =>
    file === last && on === 'storage' && range === undefined ? { status: 500 } : undefined;
  await expectError(
    'INFORM_DOWNLOAD_FAILED',
    /status 500.*begins anew next time, and \d shards that were deleted/,
    () => pull(REPO, { deleteShards: true }),
  );
  server.fault = () => undefined;
  await pull(REPO, { deleteShards: true });
});

test('weights that will not do are refused before they are fetched', async () => {
  const wrong = handCheckpoint(FOLDER, 'wrong', { config: { ...handConfig(), intermediate_size: 7 } });
  server.publishFolder('owner/wrong-shape', wrong);
  await expectError('INFORM_INVALID_CHECKPOINT', /shape/, () => pull('owner/wrong-shape'));
  const other = handCheckpoint(FOLDER, 'other', { config: { ...handConfig(), model_type: 'gpt2' } });
  server.publishFolder('owner/other', other);
  await expectError('INFORM_UNSUPPORTED_MODEL', /gpt2/, () => pull('owner/other'));
  const full = server
    .takeFileRequests()
    .filter(({ file, range }) => file?.endsWith('.safetensors') && range === undefined);
  assert.equal(full, []);
});

test('a repository of GGUF files is used directly, all parts of a split one', async () => {
  const parts = [1, 2, 3].map((part) => `Q8_0/m-Q8_0-0000${part}-of-00003.gguf`);
  const commit = server.publish(REPO, {
    'm-Q4_K_M.gguf': randomBytes(1000),
    'm-q5_k_m.gguf': GGUF,
    ...Object.fromEntries(parts.map((part) => [part, randomBytes(2000)])),
    'config.json': '{}',
  });
  const model = await pull(REPO, { type: 'q5_k_m' });
  assert.is(model, path.join(hubCache, 'models--owner--tiny-reward', 'snapshots', commit, 'm-q5_k_m.gguf'));
  assert.equal(filesOf(server.takeFileRequests()), ['m-q5_k_m.gguf']);
  assert.is(await score(REPO, { type: 'q5_k_m' }), model);
  assert.is(server.requests.length, 0);

  const split = await pull(REPO, { type: 'q8_0' });
  assert.ok(split.endsWith(parts[0] ?? '?'));
  assert.equal(filesOf(server.takeFileRequests()), parts);
  for (const part of parts) assert.is(readFileSync(path.join(path.dirname(split), path.basename(part))).length, 2000);
  await expectError('INFORM_MODEL_NOT_FOUND', /no GGUF file of type q2_k, but .*--type \(q4_k_m, q5_k_m, q8_0\)/, () =>
    pull(REPO, { type: 'q2_k' }),
  );
});

test('a large download is asked about: what is missing, what it becomes, and what is here', async () => {
  const sizes = { 'huge.gguf': 6_000_000_000 };
  server.publish(REPO, { 'huge.gguf': GGUF }, sizes);
  const asked: unknown[] = [];
  const confirm = (plan: unknown): boolean => {
    asked.push(plan);
    return false;
  };
  await expectError('INFORM_DOWNLOAD_REFUSED', /declined/, () => pull(REPO, { confirm }));
  assert.equal(asked, [{ model: REPO, bytes: 6_000_000_000, otherTypes: [] }]);
  await expectError('INFORM_DOWNLOAD_REFUSED', /needs a download of 6\.00 GB\. Fetch it ahead of time/, () =>
    pull(REPO),
  );
  assert.equal(server.takeFileRequests(), []);
  // Agreed to, it starts; this server has less than it lists.
  await expectError('INFORM_DOWNLOAD_FAILED', /400000 bytes instead of the 6000000000/, () =>
    pull(REPO, { confirm: () => true }),
  );
});

test('a disk that cannot hold download and conversion together is told ahead of time', async () => {
  server.publish(REPO, { 'huge.gguf': GGUF }, { 'huge.gguf': 9e15 });
  const confirm = (): boolean => true;
  await expectError('INFORM_OUTPUT_UNWRITABLE', /too little for this: 9000000\.00 GB for the download\./, () =>
    pull(REPO, { confirm }),
  );
  assert.equal(server.takeFileRequests(), []);

  // The header says how large the weights are; they are never asked for.
  const { files, sizes } = giantCheckpoint();
  const commit = server.publish(REPO, files, sizes);
  // What a killed conversion left is out of the way first.
  const { pid: dead } = spawnSync(process.execPath, ['--version']);
  const models = path.join(ownCache, 'models', 'owner--tiny-reward', `${commit}-v${CONVERTER_VERSION}`);
  mkdirSync(models, { recursive: true });
  const left = `.tiny-reward-f16.gguf.${hostname().replaceAll(/[^\w.]/g, '_')}-${dead}-0123456789ab.tmp`;
  writeFileSync(path.join(models, left), '');
  await expectError(
    'INFORM_OUTPUT_UNWRITABLE',
    /for the download and .* GB for the converted model\. .*--delete-shards, which needs/,
    () => pull(REPO, { confirm }),
  );
  assert.not.ok(existsSync(path.join(models, left)));
  await expectError('INFORM_OUTPUT_UNWRITABLE', /two shards of the checkpoint and/, () =>
    pull(REPO, { confirm, deleteShards: true }),
  );
});

test('a listing that would lead out of the cache, or without hashes, is refused', async () => {
  for (const file of ['../../evil.gguf', '/etc/evil.gguf', 'a//b.gguf', 'a\\b.gguf']) {
    server.publish(REPO, { [file]: GGUF });
    await expectError('INFORM_DOWNLOAD_FAILED', /does not answer as a Hugging Face hub/, () => pull(REPO));
  }
  server.publish(REPO, { 'model.gguf': GGUF });
  server.fault = ({ url }) =>
    url.includes('/tree/')
      ? { body: JSON.stringify([{ type: 'file', path: 'model.gguf', size: 3, oid: '../x' }]) }
      : undefined;
  await expectError('INFORM_DOWNLOAD_FAILED', /does not answer as a Hugging Face hub/, () => pull(REPO));
});

test('an abort ends it soon, and what has arrived is used by the next', async () => {
  server.publish(REPO, { 'model.gguf': GGUF });
  faultOn('model.gguf', { pieceDelayMs: 200 });
  const controller = new AbortController();
  const pulling = pull(REPO, { signal: controller.signal });
  setTimeout(() => {
    controller.abort();
  }, 500);
  await expectError('INFORM_ABORTED', /What has arrived is kept/, () => pulling);
  assert.is(partials().length, 1);
  server.takeFileRequests();
  server.fault = () => undefined;
  assert.ok(readFileSync(await pull(REPO)).equals(GGUF));
  for (const { range } of server.takeFileRequests()) assert.match(range ?? '', /^bytes=[1-9]\d*-$/);
});

test('the API refuses a large download unless it was agreed to, and loads what is cached', async () => {
  server.publish(REPO, { 'huge.gguf': GGUF }, { 'huge.gguf': 6e9 });
  await expectError('INFORM_DOWNLOAD_REFUSED', /inform-score pull owner\/tiny-reward --yes/, () =>
    RewardModel.load(REPO),
  );
  await expectError('INFORM_DOWNLOAD_REFUSED', /declined/, () =>
    RewardModel.load(REPO, { confirmDownload: () => Promise.resolve(false) }),
  );
  startAnew();
  server.publishFolder(REPO, SHARDED);
  const labels = new Set<string>();
  await using model = await RewardModel.load(REPO, {
    type: 'f16',
    maxLength: 16,
    onProgress: ({ label }) => labels.add(label),
  });
  assert.match(model.info.path, /tiny-reward-f16\.gguf$/);
  assert.ok(labels.has('Downloading') && labels.has('Converting'));
});

test('two at once share one download', async () => {
  server.publishFolder(REPO, SHARDED);
  server.fault = ({ on }) => (on === 'storage' ? { pieceDelayMs: 100 } : undefined);
  const [first, second] = await Promise.all([pull(REPO), pull(REPO)]);
  assert.is(first, second);
  const whole = server.takeFileRequests().filter(({ on, range }) => on === 'storage' && range === undefined);
  assert.is(whole.length, filesOf(whole).length);
});

test.run();
