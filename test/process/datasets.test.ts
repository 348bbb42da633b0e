import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { globSync } from 'tinyglobby';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';
import { runCli } from '../support/children/cli.js';
import { HubServer } from '../support/hub/hub-server.js';
import { testModel } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';

// Data sets of the hub, through its branch of Parquet files; the hub is one on loopback.

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();

const { files } = JSON.parse(
  gunzipSync(readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'table-files.json.gz'))).toString(),
) as { files: { name: string; bytes: string }[] };
const PARQUET = Buffer.from(files.find(({ name }) => name === 'one.parquet')?.bytes ?? '', 'base64');

const server = await HubServer.start();
const NAME = 'datasets/owner/answers';
server.tag(
  NAME,
  'refs/convert/parquet',
  server.publish(NAME, {
    'default/train/0000.parquet': PARQUET,
    'default/train/0001.parquet': PARQUET,
    'default/partial-test/0000.parquet': PARQUET,
  }),
);
const ENV = {
  HF_ENDPOINT: server.endpoint,
  HF_HOME: FOLDER,
  HF_HUB_CACHE: path.join(FOLDER, 'hub'),
  NO_PROXY: '127.0.0.1',
};

test.after(() => {
  server.close();
});

function score(url: string, env: NodeJS.ProcessEnv = {}): ReturnType<typeof runCli> {
  return runCli([url, '-m', MODEL, '--progress', 'none'], '', { ...ENV, ...env });
}

test('a split is fetched once and scored, file by file', async () => {
  const first = await score('hf://datasets/owner/answers/train');
  assert.is(first.code, 0, first.stderr);
  assert.is(first.stdout.trim().split('\n').length, 2);
  assert.match(first.stderr, /0001\.parquet: Parquet, 1 row, columns instruction, output: read as Alpaca/);
  assert.is(server.takeFileRequests().filter(({ on }) => on === 'storage').length > 0, true);
  const again = await score('hf://datasets/owner/answers@refs/convert/parquet/default/train');
  assert.is(again.code, 2, again.stderr);
  assert.is((await score('hf://datasets/owner/answers/default/train')).stdout, first.stdout);
  assert.is(server.takeFileRequests().filter(({ on }) => on === 'storage').length, 0);
});

test('a split of which the hub has only a part is said', async () => {
  const { code, stderr } = await score('hf://datasets/owner/answers/test');
  assert.is(code, 0, stderr);
  assert.match(stderr, /converted only the first part of hf:\/\/datasets\/owner\/answers\/test/);
});

const REFUSED: [url: string, code: number, message: RegExp][] = [
  [
    'hf://datasets/owner/answers',
    1,
    /has several splits\. It has default\/train, .*default\/partial-test: put one behind it/,
  ],
  ['hf://datasets/owner/answers/none', 1, /has no such split/],
  ['hf://datasets/owner/nothing', 1, /owner\/nothing does not exist on the hub.*INFORM_MODEL_NOT_FOUND/],
  ['hf://owner/answers', 2, /is no data set of the hub\. Write hf:\/\/datasets\/OWNER\/NAME/],
];

for (const [url, code, message] of REFUSED) {
  test(`refused: ${url}`, async () => {
    const run = await score(url);
    assert.is(run.code, code, run.stderr);
    assert.match(run.stderr, message);
  });
}

test('offline, a split that was fetched is read from the cache, and one that was not, or not whole, is refused', async () => {
  const url = 'hf://datasets/owner/answers/train';
  const cache = { INFORM_CACHE_DIR: path.join(FOLDER, 'own') };
  const offline = { ...cache, HF_HUB_OFFLINE: '1' };
  const never = await score(url, offline);
  assert.is(never.code, 1, never.stderr);
  assert.match(never.stderr, /was not fetched here before, and HF_HUB_OFFLINE forbids to ask the hub/);
  const fetched = await score(url, cache);
  assert.is(fetched.code, 0, fetched.stderr);
  server.takeFileRequests();
  const cached = await score(url, offline);
  assert.is(cached.stdout, fetched.stdout, cached.stderr);
  assert.equal(server.takeFileRequests(), []);
  const [file = ''] = globSync('datasets--owner--answers/snapshots/*/default/train/0001.parquet', {
    cwd: ENV.HF_HUB_CACHE,
  });
  rmSync(path.join(ENV.HF_HUB_CACHE, file));
  const broken = await score(url, offline);
  assert.is(broken.code, 1);
  assert.match(broken.stderr, /lacks its file default\/train\/0001\.parquet in the cache/);
});

test.run();
