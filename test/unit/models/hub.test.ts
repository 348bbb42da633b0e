import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '#src/addon/load-addon.js';
import { confirmOnTerminal, type Terminal } from '#src/cli/confirm.js';
import { convertOnce } from '#src/models/converted-models.js';
import { readHubEnvironment } from '#src/models/hub/environment.js';
import { startHash } from '#src/models/hub/file-hash.js';
import { formatHubId, parseHubId, requireHubId } from '#src/models/hub/hub-id.js';
import { withLock } from '#src/models/lock.js';
import { selectFiles } from '#src/models/hub/select-files.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const FOLDER = tempFolder();

test('ids of the hub are told from paths', () => {
  assert.equal(parseHubId('infly/INF-ORM-Llama3.1-70B'), {
    repository: 'infly/INF-ORM-Llama3.1-70B',
    revision: 'main',
  });
  assert.equal(parseHubId('a/b@refs/pr/1'), { repository: 'a/b', revision: 'refs/pr/1' });
  assert.equal(parseHubId('a/b@v1.0'), { repository: 'a/b', revision: 'v1.0' });
  const paths = [
    'model.gguf',
    'models/model.gguf',
    './a/b',
    '../b',
    'a/b/c',
    '/a/b',
    'a',
    'a/..',
    'a/b@',
    'a/b@../c',
    'a/b@x@y',
  ];
  for (const text of [...paths, 'a--b/c', 'a/b..c', 'a/b@/etc', 'a b/c', '']) {
    assert.is(parseHubId(text), undefined, text);
  }
  assert.is(formatHubId({ repository: 'a/b', revision: 'main' }), 'a/b');
  assert.is(formatHubId({ repository: 'a/b', revision: 'v1' }), 'a/b@v1');
});

test('a revision is given once', async () => {
  assert.equal(requireHubId('a/b', 'v1'), { repository: 'a/b', revision: 'v1' });
  assert.equal(requireHubId('a/b@v1', 'v1'), { repository: 'a/b', revision: 'v1' });
  await expectError('INFORM_INVALID_CONFIG', /contradicts/, () => requireHubId('a/b@v2', 'v1'));
  await expectError('INFORM_INVALID_CONFIG', /no branch, tag or commit/, () => requireHubId('a/b', '../x'));
  await expectError('INFORM_INVALID_CONFIG', /"model.gguf" is no id/, () => requireHubId('model.gguf'));
});

// From git itself: `git hash-object` of an empty file and of "hello world\n"; `sha256sum` of the latter.
test('hashes are those of git and sha256sum', () => {
  assert.is(startHash('git-sha1', 0).digest('hex'), 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
  assert.is(
    startHash('git-sha1', 12).update('hello world\n').digest('hex'),
    '3b18e512dba79e4c8300dd08aeb37f8e728b8dad',
  );
  assert.is(
    startHash('sha256', 12).update('hello world\n').digest('hex'),
    'a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447',
  );
});

// As huggingface_hub/constants.py reads them.
test('the environment is read as Python reads it', async () => {
  const plain = await readHubEnvironment({ HF_TOKEN_PATH: path.join(FOLDER, 'none') });
  assert.equal(plain, {
    endpoint: 'https://huggingface.co',
    cacheFolder: path.join(homedir(), '.cache', 'huggingface', 'hub'),
    token: undefined,
    offline: false,
  });
  const cacheOf = async (env: NodeJS.ProcessEnv): Promise<string> => (await readHubEnvironment(env)).cacheFolder;
  assert.is(await cacheOf({ XDG_CACHE_HOME: '/x' }), '/x/huggingface/hub');
  assert.is(await cacheOf({ XDG_CACHE_HOME: '/x', HF_HOME: '/h' }), '/h/hub');
  assert.is(await cacheOf({ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }), '/old');
  assert.is(
    await cacheOf({ HF_HOME: '/h', HF_HUB_CACHE: '~/c', HUGGINGFACE_HUB_CACHE: '/old' }),
    path.join(homedir(), 'c'),
  );
  for (const value of ['1', 'true', 'ON', 'Yes'])
    assert.ok((await readHubEnvironment({ HF_HUB_OFFLINE: value })).offline);
  for (const value of ['0', 'false', '']) assert.not.ok((await readHubEnvironment({ HF_HUB_OFFLINE: value })).offline);
  assert.is(
    (await readHubEnvironment({ HF_ENDPOINT: 'https://mirror.example/hub/' })).endpoint,
    'https://mirror.example/hub',
  );
});

test('the token comes from the variable, else from the file', async () => {
  const home = path.join(FOLDER, 'home');
  mkdirSync(home);
  writeFileSync(path.join(home, 'token'), 'hf_fromhome\n');
  const file = fileIn(FOLDER, 'token', 'hf_fromfile\n');
  const tokenOf = async (env: NodeJS.ProcessEnv): Promise<unknown> => (await readHubEnvironment(env)).token;
  assert.is(await tokenOf({ HF_HOME: home }), 'hf_fromhome');
  assert.is(await tokenOf({ HF_HOME: home, HF_TOKEN_PATH: file }), 'hf_fromfile');
  assert.is(await tokenOf({ HF_HOME: home, HF_TOKEN: ' hf_variable\n' }), 'hf_variable');
  assert.is(await tokenOf({ HF_HOME: home, HF_TOKEN: '' }), 'hf_fromhome');
  const secret = await expectError('INFORM_INVALID_CONFIG', /holds spaces or other characters/, () =>
    tokenOf({ HF_TOKEN: 'hf_two words' }),
  );
  assert.not.match(secret.message, /hf_/);
  await expectError('INFORM_INVALID_CONFIG', /token file .* cannot be read/, () => tokenOf({ HF_TOKEN_PATH: FOLDER }));
  for (const endpoint of ['hub.example', 'ftp://hub.example', 'https://user:password@hub.example']) {
    const error = await expectError('INFORM_INVALID_CONFIG', /HF_ENDPOINT/, () =>
      readHubEnvironment({ HF_ENDPOINT: endpoint }),
    );
    assert.not.match(error.message, /password@/);
  }
});

// Names as they are on the hub: bartowski's, unsloth's, mradermacher's, TheBloke's and ggml-org's ways.
test('a GGUF is chosen by its type, whatever way the repository names it', () => {
  const chosen = (type: 'q4_k_m' | 'q6_k' | 'f16' | 'q8_0', ...paths: string[]): readonly string[] =>
    selectFiles('a/b', paths, type).paths;
  assert.equal(chosen('q4_k_m', 'Meta-Llama-Q4_K_M.gguf', 'Meta-Llama-Q4_K_S.gguf', 'Meta-Llama-IQ4_NL.gguf'), [
    'Meta-Llama-Q4_K_M.gguf',
  ]);
  assert.equal(chosen('q6_k', 'm.Q6_K.gguf', 'm-Q6_K_L.gguf'), ['m.Q6_K.gguf']);
  assert.equal(chosen('f16', 'm-bf16.gguf', 'm-f16.gguf', 'mmproj-m-f16.gguf'), ['m-f16.gguf']);
  assert.equal(chosen('q8_0', 'm.imatrix.gguf', 'm_q8_0.gguf'), ['m_q8_0.gguf']);
  // One that does not tell its type is the one, where it is alone.
  assert.equal(chosen('q4_k_m', 'model.gguf', 'README.md'), ['model.gguf']);
  const parts = ['Q8_0/m-00001-of-00002.gguf', 'Q8_0/m-00002-of-00002.gguf'];
  assert.equal(chosen('q8_0', ...parts.toReversed(), 'Q4_K_M/m.gguf'), parts);
});

test('a checkpoint is its configuration and tokenizer; GGUF files of the type come first', () => {
  const checkpoint = [
    'config.json',
    'tokenizer.json',
    'model-00001-of-00002.safetensors',
    'training_args.bin',
    'sub/config.json',
  ];
  assert.equal(selectFiles('a/b', checkpoint, 'q4_k_m'), {
    kind: 'checkpoint',
    paths: ['config.json', 'tokenizer.json'],
  });
  // SentencePiece's own file is read where there is no other.
  const pieces = ['config.json', 'tokenizer.model', 'model.safetensors'];
  assert.equal(selectFiles('a/b', pieces, 'q4_k_m').paths, ['config.json', 'tokenizer.model']);
  assert.equal(selectFiles('a/b', [...pieces, 'tokenizer.json'], 'q4_k_m').paths, ['config.json', 'tokenizer.json']);
  assert.is(selectFiles('a/b', [...checkpoint, 'm-q8_0.gguf'], 'q4_k_m').kind, 'checkpoint');
  assert.is(selectFiles('a/b', [...checkpoint, 'm-q8_0.gguf'], 'q8_0').kind, 'gguf');
  assert.is(selectFiles('a/b', [...checkpoint, 'm-q8_0.gguf'], 'auto').kind, 'checkpoint');
  assert.is(
    selectFiles('a/b', [...checkpoint, 'm.gguf'], 'auto').kind,
    selectFiles('a/b', [...checkpoint, 'm.gguf'], 'q8_0').kind,
  );
});

test('where nothing or several would do, the candidates are listed', async () => {
  const select = (...paths: string[]): unknown => selectFiles('a/b', paths, 'q4_k_m');
  const refused = (message: RegExp, ...paths: string[]): Promise<unknown> =>
    expectError('INFORM_MODEL_NOT_FOUND', message, () => select(...paths));
  await refused(/^a\/b holds neither a GGUF file nor a checkpoint/, 'README.md', 'pytorch_model.bin', 'config.json');
  await refused(/several GGUF files of type q4_k_m: a-Q4_K_M\.gguf, b-q4_k_m\.gguf/, 'a-Q4_K_M.gguf', 'b-q4_k_m.gguf');
  await refused(
    /no GGUF file of type q4_k_m, but a-q8_0\.gguf, b\.gguf\. Choose one with --type \(q8_0\)/,
    'a-q8_0.gguf',
    'b.gguf',
  );
  await refused(/but a\.gguf, b\.gguf\. Download the one/, 'a.gguf', 'b.gguf');
  await expectError(
    'INFORM_MODEL_NOT_FOUND',
    /^a\/b holds several GGUF files: a-q8_0\.gguf, b-q4_k_m\.gguf\. Choose one with --type \(q8_0, q4_k_m\)/,
    () => selectFiles('a/b', ['a-q8_0.gguf', 'b-q4_k_m.gguf'], 'auto'),
  );
  assert.equal(selectFiles('a/b', ['a-q8_0.gguf'], 'auto').paths, ['a-q8_0.gguf']);
  await refused(/neither/, 'm-q4_k_m-00002-of-00002.gguf');
});

const LOCK = { interrupted: 'The wait was interrupted. Run it again.' };

test('one at a time has a lock; a file that a dead process left is none', async () => {
  const lock = path.join(FOLDER, 'locks', 'a.lock');
  const order: string[] = [];
  let waits = 0;
  const first = withLock(lock, LOCK, async (isLocked) => {
    assert.ok(isLocked);
    order.push('first begins');
    // However old it looks: the clock of another machine may be an hour ahead.
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(lock, hourAgo, hourAgo);
    await new Promise((resolve) => setTimeout(resolve, 700));
    order.push('first ends');
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await withLock(lock, { ...LOCK, onWait: () => waits++ }, () => Promise.resolve(order.push('second')));
  await first;
  assert.equal(order, ['first begins', 'first ends', 'second']);
  assert.ok(waits >= 1);
  assert.not.ok(existsSync(lock));

  writeFileSync(lock, `${process.pid} ${hostname()}\n`);
  await withLock(lock, LOCK, () => Promise.resolve());
  await withLock(lock, LOCK, async () => {
    const began = performance.now();
    await expectError('INFORM_ABORTED', /^The wait was interrupted\. Run it again\.$/, () =>
      withLock(lock, { ...LOCK, signal: AbortSignal.timeout(100) }, () => Promise.resolve()),
    );
    assert.ok(performance.now() - began < 1000);
  });
});

test('where the file system keeps no locks, the work goes on and knows it', async () => {
  const { addon } = loadAddon();
  const lockFile = addon.lockFile.bind(addon);
  addon.lockFile = () => 'unsupported';
  try {
    const lock = path.join(FOLDER, 'locks', 'b.lock');
    const outer = await withLock(lock, LOCK, () => withLock(lock, LOCK, (isLocked) => Promise.resolve(isLocked)));
    assert.is(outer, false);
  } finally {
    addon.lockFile = lockFile;
  }
});

test('Ctrl-C while another process converts a folder speaks of no download', async () => {
  const target = path.join(FOLDER, 'conversions', 'model.gguf');
  await withLock(`${target}.lock`, LOCK, async () => {
    const error = await expectError('INFORM_ABORTED', /another process that converts.*Run the command again/, () =>
      convertOnce(target, { signal: AbortSignal.timeout(100) }, () => Promise.reject(new Error('converted'))),
    );
    assert.not.match(error.message, /download|arrived/);
  });
});

test('the question is asked on a terminal only, and only yes is yes', async () => {
  const plan = {
    model: 'a/b',
    bytes: 141e9,
    converted: { type: 'q4_k_m', bytes: 42.5e9 },
    otherTypes: ['q8_0'],
  } as const;
  const terminal = (isTTY: boolean): { shown: () => string; input: PassThrough; terminal: Terminal } => {
    const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
    const output = Object.assign(new PassThrough(), { isTTY, columns: 200 });
    let shown = '';
    output.setEncoding('utf8').on('data', (text: string) => (shown += text));
    return { input, shown: () => shown, terminal: { input, output } as unknown as Terminal };
  };
  const question =
    /a\/b needs a download of 141\.00 GB, which becomes 42\.50 GB as q4_k_m\. It is here as q8_0 already/;
  for (const [answer, expected] of [
    ['y\n', true],
    ['YES\n', true],
    ['n\n', false],
    ['\n', false],
    ['\u0003', false],
  ] as const) {
    const { input, shown, terminal: at } = terminal(true);
    const confirm = confirmOnTerminal({ yes: false, beforeAsking: () => undefined }, at);
    const asked = confirm(plan);
    input.write(answer);
    assert.is(await asked, expected, JSON.stringify(answer));
    assert.match(shown(), question);
  }
  const closed = terminal(true);
  closed.input.end();
  assert.is(await confirmOnTerminal({ yes: false, beforeAsking: () => undefined }, closed.terminal)(plan), false);

  const pipe = terminal(false);
  await expectError('INFORM_DOWNLOAD_REFUSED', /needs a download of 141\.00 GB.*--yes/, () =>
    confirmOnTerminal({ yes: false, beforeAsking: () => undefined }, pipe.terminal)(plan),
  );
  assert.is(await confirmOnTerminal({ yes: true, beforeAsking: () => undefined }, pipe.terminal)(plan), true);
  assert.match(pipe.shown(), question);
});

test.run();
