import { spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { moduleFile } from '#src/addon/backend-folder.js';
import type { DeviceReport } from '#src/addon/device-report.js';
import { readPin } from '#src/addon/llama-release.js';
import { packageRoot } from '#src/util/package-root.js';
import { finished, runCli, type CliResult } from '../support/children/cli.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const CLI = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
/** The user of a container without a name: no HOME and no entry in /etc/passwd. */
const NOBODY = 54321;

async function runIn(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv, uid?: number): Promise<CliResult> {
  const identity = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env, ...identity });
  child.stdin.end();
  return finished(child);
}

/** A folder with a backend module below it that nobody added. */
function planted(below: string): string {
  const folder = tempFolder();
  const modules = path.join(folder, below, `backends-${readPin().release}`);
  mkdirSync(modules, { recursive: true });
  for (const backend of ['vulkan', 'evil']) writeFileSync(path.join(modules, moduleFile(backend)), 'no library');
  return folder;
}

function homeless(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...extra };
}

function mayRunAsNobody(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    accessSync('/etc/passwd', constants.R_OK);
  } catch {
    return false;
  }
  return spawnSync(process.execPath, [CLI, '--version'], { env: homeless(), uid: NOBODY, gid: NOBODY }).status === 0;
}

test('a module below the working folder is not loaded by a relative cache folder', async () => {
  const { HOME, PATH } = process.env;
  const cwd = planted(path.join('cache', 'inform-score'));
  const xdg = await runIn(cwd, ['devices', '--json'], { HOME, PATH, XDG_CACHE_HOME: 'cache' });
  assert.is(xdg.code, 0, xdg.stderr);
  const { backends } = JSON.parse(xdg.stdout) as DeviceReport;
  assert.not.ok(backends.some(({ file }) => file.startsWith(cwd)));
  const own = await runIn(planted('cache'), ['devices', '--json'], { HOME, PATH, INFORM_CACHE_DIR: 'cache' });
  assert.is(own.code, 2);
  assert.match(own.stderr, /INFORM_CACHE_DIR is the relative path "cache".*\[INFORM_INVALID_CONFIG\]/);
});

test('modules that nobody added are listed with the reason, and not loaded', async () => {
  const INFORM_CACHE_DIR = planted('.');
  const { code, stdout, stderr } = await runCli(['devices', '--json'], '', { INFORM_CACHE_DIR });
  assert.is(code, 0, stderr);
  const { backends } = JSON.parse(stdout) as DeviceReport;
  const refused = backends.filter(({ file }) => file.startsWith(INFORM_CACHE_DIR));
  assert.equal(
    refused.map(({ name, loaded }) => [name, loaded]),
    [
      ['evil', false],
      ['vulkan', false],
    ],
  );
  // The loader was not asked: it would say that the file is too short.
  for (const { reason = '' } of refused) assert.match(reason, /^not loaded: it was not put there by/);
});

testIf(mayRunAsNobody())('without a home folder: the demo scores, and what needs a cache asks for one', async () => {
  const folder = tempFolder();
  chmodSync(folder, 0o755);
  const data = fileIn(folder, 'data.jsonl', '{"instruction": "What is 2+2?", "output": "4"}\n');
  const demo = await runIn(folder, [data, '-m', 'demo'], homeless(), NOBODY);
  assert.is(demo.code, 0, demo.stderr);
  assert.match(demo.stdout, /"score":/);

  const HF_ENDPOINT = 'http://127.0.0.1:9';
  const pull = await runIn(folder, ['pull', 'owner/name'], homeless({ HF_ENDPOINT }), NOBODY);
  assert.is(pull.code, 2);
  assert.match(pull.stderr, /^inform-score: There is no folder for the cache: HOME is not set.*INFORM_CACHE_DIR/);
  const cache = path.join(folder, 'cache');
  mkdirSync(cache);
  chmodSync(cache, 0o777);
  const env = homeless({ HF_ENDPOINT, HF_HUB_OFFLINE: '1', INFORM_CACHE_DIR: cache });
  const offline = await runIn(folder, ['pull', 'owner/name'], env, NOBODY);
  assert.match(offline.stderr, /owner\/name is not in the cache, and HF_HUB_OFFLINE forbids/);
});

test.run();
