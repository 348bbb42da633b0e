import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import { CONVERTER_VERSION } from '#src/models/converted-models.js';
import * as assert from 'uvu/assert';
import { finished, runCli, startCli } from '../support/children/cli.js';
import { HubServer } from '../support/hub/hub-server.js';
import { testCheckpoint, testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const FOLDER = tempFolder();
const TOKEN = 'hf_SecretSecretSecret';
const REPO = 'owner/generated';
const CHECKPOINT = path.join(FOLDER, 'generated');
cpSync(await testCheckpoint(), CHECKPOINT, { recursive: true });
const GGUF = randomBytes(8_000_000);
const SAMPLES = fileIn(FOLDER, 'samples.jsonl', '{"id": 1, "instruction": "What is 2+2?", "output": "4"}\n');

const server = await HubServer.start();
let caches = 0;

/** The environment of a process with caches of its own. */
function newCaches(): NodeJS.ProcessEnv & { HF_HUB_CACHE: string; INFORM_CACHE_DIR: string } {
  const folder = path.join(FOLDER, `caches-${caches++}`);
  return {
    HF_ENDPOINT: server.endpoint,
    HF_HOME: folder,
    HF_HUB_CACHE: path.join(folder, 'hub'),
    INFORM_CACHE_DIR: path.join(folder, 'own'),
    NO_PROXY: '127.0.0.1',
  };
}

function scores(stdout: string): unknown[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

test.before.each(() => {
  server.fault = () => undefined;
  server.requests.length = 0;
});
test.after(() => {
  server.close();
});

test('`model:` as an id: fetched and converted the first time, without the network ever after', async () => {
  const commit = server.publishFolder(REPO, CHECKPOINT);
  const env = newCaches();
  const config = fileIn(FOLDER, 'hub.yaml', `model: ${REPO}\ninput: ${SAMPLES}\n`);
  const first = await runCli(['-c', config, '--progress', 'none'], '', env);
  assert.is(first.code, 0, first.stderr);
  const model = path.join(
    env.INFORM_CACHE_DIR,
    'models',
    'owner--generated',
    `${commit}-v${CONVERTER_VERSION}`,
    'generated-bf16.gguf',
  );
  assert.ok(existsSync(model));
  assert.ok(first.stderr.includes(`Model   ${REPO}: ${model}`), first.stderr);
  assert.match(first.stderr, /Type auto is bf16 for 0\.02 billion weights: /);
  // The same weights by the way that the goldens check.
  const direct = await runCli([SAMPLES, '-m', await testModel('bf16'), '--progress', 'none']);
  assert.equal(scores(first.stdout), scores(direct.stdout));

  server.requests.length = 0;
  const again = await runCli(['-c', config, '--progress', 'none'], '', env);
  assert.is(again.code, 0, again.stderr);
  assert.is(again.stdout, first.stdout);
  assert.not.match(again.stderr, /Type auto/);
  const offline = await runCli(['inspect', REPO, '--type', 'bf16'], '', { ...env, HF_HUB_OFFLINE: '1' });
  assert.is(offline.code, 0, offline.stderr);
  // What is here tells the model's size, and so what auto is.
  const auto = await runCli(['inspect', REPO, '--json'], '', env);
  assert.is(auto.code, 0, auto.stderr);
  assert.is((JSON.parse(auto.stdout) as { path: string }).path, model);
  assert.is(server.requests.length, 0);
  // Of another type the hub is asked, for no more than headers.
  const planned = await runCli(['inspect', REPO, '--type', 'Q6_K'], '', env);
  assert.is(planned.code, 0, planned.stderr);
  assert.match(planned.stdout, /none yet: owner\/generated would become one of/);
});

test('`model:` as a checkpoint folder: converted once, and again when it has changed', async () => {
  const env = newCaches();
  const args = [SAMPLES, '-m', CHECKPOINT, '--type', 'bf16', '--progress', 'none'];
  const conversions = (): string[] =>
    readdirSync(path.join(env.INFORM_CACHE_DIR, 'models', 'local'), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.gguf'))
      .sort();
  const first = await runCli(args, '', env);
  assert.is(first.code, 0, first.stderr);
  const [conversion = '', ...others] = conversions();
  assert.equal(others, []);
  const file = path.join(env.INFORM_CACHE_DIR, 'models', 'local', conversion);
  assert.ok(first.stderr.includes(`Model   ${CHECKPOINT} as bf16: ${file}`), first.stderr);
  const direct = await runCli([SAMPLES, '-m', await testModel('bf16'), '--progress', 'none']);
  assert.equal(scores(first.stdout), scores(direct.stdout));

  const { mtimeMs } = statSync(file);
  assert.is((await runCli(args, '', env)).code, 0);
  assert.is(statSync(file).mtimeMs, mtimeMs);
  assert.equal(conversions(), [conversion]);

  const soon = Date.now() / 1000 + 10;
  utimesSync(path.join(CHECKPOINT, 'model-00001-of-00002.safetensors'), soon, soon);
  assert.is((await runCli(args, '', env)).code, 0);
  assert.is(conversions().length, 2);
});

test('killed in the middle: the next pull asks for the rest only', async () => {
  server.publish('owner/gguf', { 'model.gguf': GGUF });
  server.fault = ({ on }) => (on === 'storage' ? { pieceDelayMs: 20 } : undefined);
  const env = newCaches();
  const child = startCli(['pull', 'owner/gguf'], env);
  const blobs = path.join(env.HF_HUB_CACHE, 'models--owner--gguf', 'blobs');
  const partial = (): number => {
    const [name] = existsSync(blobs) ? readdirSync(blobs) : [];
    return name === undefined ? 0 : statSync(path.join(blobs, name)).size;
  };
  while (partial() < 500_000) await delay(20);
  child.kill('SIGKILL');
  assert.is((await finished(child)).signal, 'SIGKILL');
  const kept = partial();
  assert.ok(kept >= 500_000 && kept < GGUF.length, String(kept));

  server.fault = () => undefined;
  server.requests.length = 0;
  const { code, stdout, stderr } = await runCli(['pull', 'owner/gguf'], '', env);
  assert.is(code, 0, stderr);
  assert.equal(
    server.takeFileRequests().map(({ range }) => range),
    [`bytes=${kept}-`, `bytes=${kept}-`],
  );
  assert.ok(readFileSync(stdout.trim()).equals(GGUF));
  assert.match(stderr, /owner\/gguf is ready \(8\.0 MB\)\. Score with: -m owner\/gguf\n/);
});

test('Ctrl-C ends it with 130 and says that it goes on from there', async () => {
  server.publish('owner/gguf', { 'model.gguf': GGUF });
  server.fault = ({ on }) => (on === 'storage' ? { pieceDelayMs: 50 } : undefined);
  const child = startCli(['pull', 'owner/gguf'], newCaches());
  const ended = finished(child);
  while (!server.requests.some(({ on }) => on === 'storage')) await delay(20);
  child.kill('SIGINT');
  const { code, stderr, stdout } = await ended;
  assert.is(code, 130);
  assert.is(stdout, '');
  assert.match(
    stderr,
    /interrupted\. What has arrived is kept: run the command again to go on\. \[INFORM_ABORTED\]\n$/,
  );
});

test('two processes at once fetch and convert once, and both have it', async () => {
  server.publishFolder(REPO, CHECKPOINT);
  server.fault = ({ on }) => (on === 'storage' ? { pieceDelayMs: 2 } : undefined);
  const env = newCaches();
  const both = await Promise.all([
    runCli(['pull', REPO, '--type', 'bf16'], '', env),
    runCli(['pull', REPO, '--type', 'bf16'], '', env),
  ]);
  for (const { code, stderr } of both) assert.is(code, 0, stderr);
  assert.is(both[0].stdout, both[1].stdout);
  assert.ok(readFileSync(both[0].stdout.trim()).length > 1_000_000);
  const whole = server.takeFileRequests().filter(({ on, range }) => on === 'storage' && range === undefined);
  assert.is(new Set(whole.map(({ file }) => file)).size, whole.length);
  const leftovers = readdirSync(env.INFORM_CACHE_DIR, { recursive: true }).map(String);
  assert.equal(
    leftovers.filter((name) => /\.(tmp|lock|incomplete)$/.test(name)),
    [],
  );
});

test('more than 5 GB without a terminal need --yes, for pulling and for scoring', async () => {
  server.publish('owner/huge', { 'model.gguf': GGUF }, { 'model.gguf': 6e9 });
  for (const args of [
    ['pull', 'owner/huge'],
    [SAMPLES, '-m', 'owner/huge', '--progress', 'none'],
  ]) {
    const env = newCaches();
    const refused = await runCli(args, '', env);
    assert.is(refused.code, 1);
    assert.is(
      refused.stderr.replace(`${SAMPLES}: JSON Lines, read as Alpaca\n`, ''),
      'inform-score: owner/huge needs a download of 6.00 GB. Pass --yes to start it without being asked. [INFORM_DOWNLOAD_REFUSED]\n',
    );
    assert.equal(server.takeFileRequests(), []);
    // The server has less than it lists: enough to see that it was asked.
    const agreed = await runCli([...args, '--yes'], '', env);
    assert.match(
      agreed.stderr,
      /^(?:.*read as Alpaca\n)?owner\/huge needs a download of 6\.00 GB\.\n.*8000000 bytes instead of the 6000000000/s,
    );
    assert.ok(server.takeFileRequests().length > 0);
  }
});

test('the token is in no output, whatever goes wrong', async () => {
  server.publish('owner/gguf', { 'model.gguf': GGUF });
  const log = path.join(FOLDER, 'token.log');
  const args = [SAMPLES, '-m', 'owner/gguf', '--log', log, '--verbose', '--overwrite'];
  for (const fault of [{ status: 401 }, { status: 403 }, { body: `{"Bearer ${TOKEN}` }, { corrupt: true }]) {
    server.fault = ({ on }) => ('corrupt' in fault === (on === 'storage') ? fault : undefined);
    const { code, stdout, stderr } = await runCli(args, '', { ...newCaches(), HF_TOKEN: TOKEN });
    assert.is(code, 1);
    assert.match(stderr, /\[INFORM_DOWNLOAD_FAILED\]/);
    for (const text of [stdout, stderr, readFileSync(log, 'utf8')]) assert.not.ok(text.includes('SecretSecret'), text);
  }
  assert.ok(server.requests.some(({ authorization }) => authorization === `Bearer ${TOKEN}`));
  assert.not.ok(server.requests.some(({ on, authorization }) => on === 'storage' && authorization !== undefined));
});

test('a wrong id and a wrong path are told apart', async () => {
  const wrongId = await runCli(['pull', 'owner/nothing'], '', newCaches());
  assert.match(wrongId.stderr, /owner\/nothing does not exist on the hub.*\[INFORM_MODEL_NOT_FOUND\]\n$/);
  const wrongPath = await runCli([SAMPLES, '-m', 'models/none.gguf'], '', newCaches());
  assert.match(wrongPath.stderr, /models\/none\.gguf does not exist in \S+\. Check the path of the model/);
  const noId = await runCli(['pull', 'none.gguf'], '', newCaches());
  assert.is(noId.code, 2);
  assert.match(noId.stderr, /is no id of a model on the Hugging Face hub/);
});

test.run();
