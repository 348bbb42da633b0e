// Makes a clone ready: packages, native build, TypeScript. `npm start` and `npm test` run it first; each step is skipped
// or incremental when there is nothing to do, so it is cheap to run again.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../build/paths.mjs';

const MIN_NODE = [20, 19];

checkNode();
if (!packagesAreInstalled()) {
  step('installing packages', 'npm', [
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
}
step(
  'bringing the native addon up to date (its first build, with llama.cpp, takes a few minutes)',
  process.execPath,
  [path.join('scripts', 'build', 'build-native.mjs')],
  { quiet: true },
);
step('compiling TypeScript', process.execPath, [path.join('node_modules', 'typescript', 'bin', 'tsc'), '-b']);

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  console.error(`inform-score: Node ${MIN_NODE.join('.')} or newer is needed, but this is ${process.versions.node}.`);
  process.exit(1);
}

/** npm leaves a copy of the lock file in node_modules; equal versions there mean that nothing is missing. */
function packagesAreInstalled() {
  const installed = path.join(packageRoot, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const { packages: have } = JSON.parse(readFileSync(installed, 'utf8'));
  const { packages: want } = JSON.parse(readFileSync(path.join(packageRoot, 'package-lock.json'), 'utf8'));
  return Object.entries(want).every(
    ([name, entry]) => name === '' || entry.optional || have[name]?.version === entry.version,
  );
}

/** Runs one step; a quiet one shows its output only when it fails. */
function step(what, command, args, { quiet = false } = {}) {
  console.error(`inform-score: ${what}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: packageRoot,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', process.stderr, process.stderr],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    // npm is a .cmd file on Windows, which only a shell can start.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (status === 0) return;
  if (quiet) console.error(`${stdout ?? ''}${stderr ?? ''}`);
  console.error(`inform-score: ${what} failed${error ? `: ${error.message}` : ''}.`);
  process.exit(1);
}
