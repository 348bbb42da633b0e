import { createHash, randomBytes } from 'node:crypto';
import { existsSync, openSync, closeSync, readdirSync, readFileSync, statSync, utimesSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '#src/addon/load-addon.js';
import { requireHubId } from '#src/models/hub/hub-id.js';
import type { Patience } from '#src/models/hub/http.js';
import { pullModel, type PullOptions } from '#src/models/hub/pull.js';
import { expectError } from '../support/assert/expect-error.js';
import { testCertificate } from '../support/hub/certificate.js';
import { HubServer, type Fault } from '../support/hub/hub-server.js';
import { tempFolder } from '../support/temp-folder.js';

// A hub that lies, one that never ends, and others that use its cache.

const REPO = 'owner/model';
const FOLDER = tempFolder();
const GGUF = randomBytes(400_000);
const HASH = createHash('sha256').update(GGUF).digest('hex');
const PATIENCE: Partial<Patience> = {
  listingAttempts: 3,
  attempts: 3,
  firstDelayMs: 5,
  headersMs: 10_000,
  stallMs: 10_000,
};

const server = await HubServer.start();
let caches = 0;
let blobs = '';
let locks = '';

test.before.each(() => {
  const folder = path.join(FOLDER, `caches-${caches++}`);
  blobs = path.join(folder, 'hub', 'models--owner--model', 'blobs');
  locks = path.join(folder, 'hub', '.locks', 'models--owner--model');
  Object.assign(process.env, {
    HF_ENDPOINT: server.endpoint,
    HF_HOME: folder,
    HF_HUB_CACHE: path.join(folder, 'hub'),
    INFORM_CACHE_DIR: path.join(folder, 'own'),
    NO_PROXY: '127.0.0.1',
  });
  delete process.env['HF_TOKEN'];
  delete process.env['HTTP_PROXY'];
  delete process.env['HTTPS_PROXY'];
  server.publish(REPO, { 'model.gguf': GGUF });
  server.fault = () => undefined;
  server.requests.length = 0;
});
test.after(() => {
  server.close();
});

function pull(patience: Partial<Patience> = {}, options: Partial<PullOptions> = {}): Promise<string> {
  return pullModel(requireHubId(REPO), { type: 'f16', patience: { ...PATIENCE, ...patience }, ...options });
}

function onListing(fault: Fault | (() => Fault)): void {
  server.fault = ({ url }) => (url.includes('/tree/') ? (typeof fault === 'function' ? fault() : fault) : undefined);
}

function listings(): number {
  return server.requests.filter(({ url }) => url.includes('/tree/')).length;
}

const partial = (): string => path.join(blobs, `${HASH}.inform-score.incomplete`);

async function untilArrived(file: () => string, bytes: number): Promise<void> {
  while (!existsSync(file()) || statSync(file()).size < bytes) await delay(5);
}

test('a listing of blanks without end is left at 32 MB, and not asked for again', async () => {
  let sent = 0;
  onListing({
    answer: (response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const blanks = Buffer.alloc(2 ** 20, ' ');
      const more = (): void => {
        while (!response.destroyed && sent < 3e9 && response.write(blanks)) sent += blanks.length;
      };
      response.on('drain', more);
      more();
    },
  });
  await expectError('INFORM_DOWNLOAD_FAILED', /more than 32 MB where it lists owner\/model.*Check HF_ENDPOINT/, pull);
  assert.ok(sent < 100e6, String(sent));
  assert.is(listings(), 1);
});

test('pages without end are left at 10,000, files at 100,000', async () => {
  let page = 0;
  const next = (): Record<string, string> => ({
    Link: `<${server.endpoint}/api/models/${REPO}/tree/main?cursor=${++page}>; rel="next"`,
  });
  onListing(() => ({ body: '[]', headers: next() }));
  await expectError(
    'INFORM_DOWNLOAD_FAILED',
    /asked for owner\/model: it lists more than 10000 pages\. Check HF_ENDPOINT/,
    pull,
  );
  assert.is(page, 9999);

  const oid = '0'.repeat(40);
  const entries = Array.from({ length: 30_000 }, (_, i) => ({ type: 'file', path: `${i}`, size: 1, oid }));
  const body = JSON.stringify(entries);
  page = 0;
  onListing(() => ({ body, headers: next() }));
  await expectError('INFORM_DOWNLOAD_FAILED', /asked for owner\/model: it lists more than 100000 files/, pull);
  assert.is(page, 4);
});

test('a listing that falls silent or trickles, and headers without end, are told as that', async () => {
  const listing = (response: { writeHead: (status: number) => void; write: (text: string) => void }): void => {
    response.writeHead(200);
    response.write('[');
  };
  onListing({ answer: listing });
  await expectError('INFORM_DOWNLOAD_FAILED', /does not finish its listing of owner\/model: nothing arrived/, () =>
    pull({ stallMs: 200 }),
  );
  assert.is(listings(), 3);

  onListing({
    answer: (response) => {
      listing(response);
      const timer = setInterval(() => response.write(' '), 20).unref();
      response.on('close', () => {
        clearInterval(timer);
      });
    },
  });
  await expectError('INFORM_DOWNLOAD_FAILED', /less than 1000 bytes a second/, () => pull({ stallMs: 200 }));

  onListing({
    answer: ({ socket }) => {
      socket?.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket?.write('X-More: 1\r\n'), 20).unref();
      socket?.on('close', () => {
        clearInterval(timer);
      });
    },
  });
  await expectError('INFORM_DOWNLOAD_FAILED', /does not answer within 0\.3 s/, () => pull({ headersMs: 300 }));
});

test('the tries of a request are counted together, whatever goes wrong with each, and told', async () => {
  const faults: Fault[] = [{ status: 503 }, { cutAfter: 100 }, { status: 429 }, { cutAfter: 100 }];
  let request = 0;
  server.fault = ({ on }) => (on === 'storage' ? faults[request++ % faults.length] : undefined);
  await expectError('INFORM_DOWNLOAD_FAILED', /asks to wait|in the middle|503/, () => pull({ attempts: 3 }));
  assert.is(request, 3);

  server.requests.length = 0;
  onListing({ status: 503 });
  const told: string[] = [];
  const onProgress: PullOptions['onProgress'] = ({ details = [] }) => told.push(...details);
  await expectError('INFORM_DOWNLOAD_FAILED', /answers with status 503/, () => pull({}, { onProgress }));
  assert.is(listings(), 3);
  assert.is(told.filter((text) => text.startsWith('trying again: The hub 127.0.0.1')).length, 2);
});

test('what stays wrong is asked for once: other schemes, circles, addresses with a user name', async () => {
  for (const [location, message] of [
    ['file:///etc/passwd', /leads to an address of the kind file:, which is not followed/],
    ['ftp://hub.example/x', /leads to an address of the kind ftp:/],
    ['http://user:secret@127.0.0.1/', /without a user name/],
    ['http://', /leads to no address at all/],
  ] as const) {
    server.requests.length = 0;
    onListing({ status: 302, headers: { Location: location } });
    const error = await expectError('INFORM_DOWNLOAD_FAILED', message, pull);
    assert.not.match(error.message, /secret|cannot be reached/);
    assert.is(listings(), 1);
  }
  server.requests.length = 0;
  const circle = ['/api/models/owner/model/tree/a', '/api/models/owner/model/tree/b'];
  let turns = 0;
  onListing(() => ({ status: 302, headers: { Location: circle[turns++ % 2] ?? '' } }));
  await expectError('INFORM_DOWNLOAD_FAILED', /redirects in a circle/, pull);
  assert.ok(listings() <= 4, String(listings()));
});

test('a certificate that is refused is told at once', async () => {
  const secure = await HubServer.start(testCertificate());
  let retries = 0;
  const onProgress = (): unknown => retries++;
  try {
    process.env['HF_ENDPOINT'] = secure.endpoint;
    await expectError('INFORM_DOWNLOAD_FAILED', /certificate that is refused: .*SELF_SIGNED.*NODE_EXTRA_CA_CERTS/, () =>
      pull({ firstDelayMs: 60_000 }, { onProgress }),
    );
    assert.equal(secure.requests, []);
  } finally {
    secure.close();
  }
});

test('a file that is not what was hashed does not get the name', async () => {
  server.fault = ({ on }) => (on === 'storage' ? { pieceDelayMs: 50 } : undefined);
  const pulling = expectError('INFORM_DOWNLOAD_FAILED', /model\.gguf with wrong content/, pull);
  await untilArrived(partial, 70_000);
  // A bad disk, or somebody else's hand: the bytes came right over the line.
  const file = openSync(partial(), 'r+');
  writeSync(file, Buffer.from([(GGUF[0] ?? 0) ^ 1]), 0, 1, 0);
  closeSync(file);
  await pulling;
  assert.equal(readdirSync(blobs), []);
});

test('clocks an hour apart: two pulls of one file never make a blob with a wrong hash', async () => {
  let first = true;
  server.fault = ({ on }) => {
    if (on !== 'storage') return undefined;
    // The first one gets a wrong byte at the end, and late.
    const fault = first ? { pieceDelayMs: 200, corrupt: true } : {};
    first = false;
    return fault;
  };
  const one = pull().catch((error: unknown) => error);
  await untilArrived(partial, 65_536);
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of readdirSync(locks)) utimesSync(path.join(locks, name), hourAgo, hourAgo);
  utimesSync(partial(), hourAgo, hourAgo);
  const model = await pull();
  assert.ok(readFileSync(model).equals(GGUF));
  await one;
  assert.ok(readFileSync(model).equals(GGUF));
  assert.equal(readdirSync(blobs), [HASH]);
});

test('without locks each process has a file of its own, and leaves none', async () => {
  const { addon } = loadAddon();
  const lockFile = addon.lockFile.bind(addon);
  addon.lockFile = () => 'unsupported';
  try {
    server.fault = ({ on }) => (on === 'storage' ? { pieceDelayMs: 20 } : undefined);
    const models = await Promise.all([pull(), pull()]);
    for (const model of models) assert.ok(readFileSync(model).equals(GGUF));
    assert.is(server.requests.filter(({ on }) => on === 'storage').length, 2);
    assert.equal(readdirSync(blobs), [HASH]);
  } finally {
    addon.lockFile = lockFile;
  }
});

test('HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured', async () => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.method ?? ''} ${new URL(request.url ?? '').host}`);
    response.writeHead(404, { 'X-Error-Code': 'RepoNotFound' }).end();
  });
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url ?? ''}`);
    socket.end('HTTP/1.1 502 no\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  Object.assign(process.env, { HTTP_PROXY: address, HTTPS_PROXY: address });
  try {
    process.env['HF_ENDPOINT'] = 'http://hub.example.invalid';
    await expectError('INFORM_MODEL_NOT_FOUND', /does not exist on the hub/, pull);
    process.env['HF_ENDPOINT'] = 'https://hub.example.invalid';
    await expectError('INFORM_DOWNLOAD_FAILED', /cannot be reached: Proxy response \(502\)/, () =>
      pull({ listingAttempts: 1 }),
    );
    assert.equal(seen, ['GET hub.example.invalid', 'CONNECT hub.example.invalid:443']);
    process.env['NO_PROXY'] = 'hub.example.invalid';
    await expectError('INFORM_DOWNLOAD_FAILED', /cannot be reached/, () => pull({ listingAttempts: 1 }));
    assert.is(seen.length, 2);
    process.env['HTTPS_PROXY'] = 'http://user:secret@[';
    const error = await expectError('INFORM_INVALID_CONFIG', /HTTPS_PROXY is no address of a proxy/, pull);
    assert.not.match(error.message, /secret/);
  } finally {
    proxy.close();
  }
});

test('a name that a terminal would obey is refused, and shown as what it is', async () => {
  for (const [control, shown] of [
    ['\u001b]0;owned\u0007', /named "a\\x1b\]0;owned\\x07-q8_0\.gguf"/],
    ['\u009b31m', /named "a\\x9b31m/],
    ['\u202e', /named "a\\u202e/],
    ['\r\n', /named "a\\x0d\\x0a/],
  ] as const) {
    server.publish(REPO, { 'README.md': 'good', [`a${control}-q8_0.gguf`]: GGUF });
    const seen: string[] = [];
    const onProgress: PullOptions['onProgress'] = ({ label, details = [] }) => seen.push(label, ...details);
    const error = await expectError('INFORM_DOWNLOAD_FAILED', shown, () => pull({}, { type: 'q8_0', onProgress }));
    for (const text of [error.message, ...seen]) assert.not.match(text, /[\u0000-\u001f\u007f-\u009f\u202e]/);
  }
});

test.run();
