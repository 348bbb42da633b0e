import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { finished, runCli, startCli } from '../support/children/cli.js';
import { testCertificate } from '../support/hub/certificate.js';
import { HubServer, type Fault } from '../support/hub/hub-server.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const FOLDER = tempFolder();
const REPO = 'owner/model';
const TOKEN = 'hf_SecretSecretSecret';
/** Signals end a wait within a second; a busy machine starts and ends processes more slowly. */
const SOON_MS = 2000;

const certificate = testCertificate();
const secure = await HubServer.start(certificate);
const plain = await HubServer.start();
for (const server of [secure, plain]) server.publish(REPO, { 'model.gguf': Buffer.alloc(2_000_000, 7) });
let caches = 0;

function environment(server: HubServer): NodeJS.ProcessEnv {
  const folder = path.join(FOLDER, `caches-${caches++}`);
  return {
    HF_ENDPOINT: server.endpoint,
    HF_HOME: folder,
    HF_HUB_CACHE: path.join(folder, 'hub'),
    HF_TOKEN: TOKEN,
    INFORM_CACHE_DIR: path.join(folder, 'own'),
    NODE_EXTRA_CA_CERTS: fileIn(FOLDER, 'ca.pem', certificate.cert),
    NO_PROXY: '127.0.0.1',
  };
}

test.before.each(() => {
  for (const server of [secure, plain]) {
    server.fault = () => undefined;
    server.requests.length = 0;
  }
});
test.after(() => {
  secure.close();
  plain.close();
});

test('https never continues on plain http: not for a file, a listing, or its next page', async () => {
  const elsewhere = `${plain.endpoint}/api/models/${REPO}/tree/main`;
  const faults: ((url: string) => Fault | undefined)[] = [
    () => undefined, // the storage of this hub is one of http
    (url) => (url.includes('/tree/') ? { status: 307, headers: { Location: elsewhere } } : undefined),
    (url) => (url.includes('/revision/') ? { status: 307, headers: { Location: elsewhere } } : undefined),
    (url) =>
      url.includes('/tree/') ? { body: '[]', headers: { Link: `<${elsewhere}?cursor=2>; rel="next"` } } : undefined,
  ];
  for (const fault of faults) {
    secure.fault = ({ url }) => fault(url);
    const { code, stderr } = await runCli(['pull', REPO], '', environment(secure));
    assert.is(code, 1);
    assert.match(
      stderr,
      /leads from https to plain http \(127\.0\.0\.1:\d+\), where anyone.*\[INFORM_DOWNLOAD_FAILED\]/,
    );
    assert.not.ok(stderr.includes('SecretSecret'));
  }
  assert.ok(secure.requests.length >= 4);
  assert.not.ok(secure.requests.some(({ on }) => on === 'storage'));
  assert.equal(plain.requests, []);
});

test('Ctrl-C and SIGTERM end every wait for a hub', async () => {
  const silent: Fault = {
    answer: (response) => {
      response.writeHead(200);
      response.write('[');
    },
  };
  const waits: Record<string, { at: RegExp; fault: Fault }> = {
    'for headers': { at: /\/revision\//, fault: { answer: () => undefined } },
    'for a listing': { at: /\/tree\//, fault: silent },
    'that the hub asks for': { at: /\/tree\//, fault: { status: 429, headers: { 'Retry-After': '300' } } },
    'for a file': { at: /\/storage\//, fault: { stallAfter: 1_000_000 } },
  };
  for (const [name, { at, fault }] of Object.entries(waits)) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      plain.requests.length = 0;
      plain.fault = ({ url }) => (at.test(url) ? fault : undefined);
      const child = startCli(['pull', REPO], environment(plain));
      const ended = finished(child);
      while (!plain.requests.some(({ url }) => at.test(url))) await delay(20);
      await delay(200);
      const began = performance.now();
      child.kill(signal);
      const { code, stderr } = await ended;
      assert.is(code, 130, `${name}: ${stderr}`);
      assert.match(stderr, /INFORM_ABORTED/);
      assert.ok(performance.now() - began < SOON_MS, `${name}: ${performance.now() - began} ms`);
    }
  }
});

// A script stands for npm, so not on Windows, where npm is started by a shell.
testIf(process.platform === 'linux' && process.arch === 'x64')(
  'Ctrl-C ends the wait for an npm that does not end',
  async () => {
    const bin = path.join(FOLDER, 'bin');
    mkdirSync(bin);
    const started = path.join(FOLDER, 'npm-started');
    chmodSync(fileIn(bin, 'npm', `#!/bin/sh\ntrap '' TERM INT\n: > '${started}'\nsleep 20\nsleep 20\n`), 0o755);
    const env = { ...environment(plain), PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    const child = startCli(['backend', 'add', 'vulkan'], env);
    const ended = finished(child);
    while (!existsSync(started)) await delay(20);
    const began = performance.now();
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('exit', resolve));
    assert.ok(performance.now() - began < SOON_MS, `${performance.now() - began} ms`);
    assert.is((await ended).code, 130);
  },
);

test.run();
