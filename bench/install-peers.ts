// Installs and builds what `npm run bench` compares with, into the cache folder: `npm run bench -- install-peers`. Some 300 MB and ten
// minutes, torch apart. INFORM_BENCH_PYTHON names a Python that has bench/peers/requirements.txt already; INFORM_BENCH_IK_LLAMA_CPP names a
// checkout of ik_llama.cpp, which is left out without it.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageRoot } from '#src/util/package-root.js';
import { log } from './support/log.js';
import { peerFile, peerPaths, pinnedNodeLlamaCpp, pythonIn } from './support/peers.js';

const { llamaCpp, ikLlamaCpp, nodeLlamaCpp, venv } = peerPaths();
const ikCheckout = process.env['INFORM_BENCH_IK_LLAMA_CPP'];
const results = [
  attempt('llama-bench and llama-embedding', buildLlamaCpp),
  ...(ikCheckout === undefined ? [] : [attempt('ik_llama.cpp', buildIkLlamaCpp.bind(undefined, ikCheckout))]),
  attempt('node-llama-cpp', installNodeLlamaCpp),
  attempt('transformers', installTransformers),
];
process.exitCode = results.every(Boolean) ? 0 : 1;

/** One peer that cannot be installed does not keep the others away. */
function attempt(what: string, install: () => void): boolean {
  try {
    log(`${what}: installing`);
    install();
    return true;
  } catch (error) {
    log(`${what}: ${String(error)}`);
    return false;
  }
}

/** From the source, the patch and the compiler flags that our own addon is built with. */
function buildLlamaCpp(): void {
  const tree = path.join(llamaCpp, 'tree');
  const bin = path.join(llamaCpp, 'bin');
  run('cmake', [
    ...['-S', packageRoot(), '-B', tree, '-DCMAKE_BUILD_TYPE=Release'],
    ...['-DINFORM_BENCH_PEERS=ON', `-DINFORM_OUTPUT_DIR=${bin}`],
  ]);
  const parallel = String(os.availableParallelism());
  run('cmake', ['--build', tree, '--parallel', parallel, '--target', 'llama-bench', 'llama-embedding']);
}

/** Another line of llama.cpp's code, for this CPU. */
function buildIkLlamaCpp(checkout: string): void {
  const tree = path.join(ikLlamaCpp, 'tree');
  run('cmake', [
    ...['-S', checkout, '-B', tree, '-DCMAKE_BUILD_TYPE=Release', '-DBUILD_SHARED_LIBS=OFF', '-DGGML_NATIVE=ON'],
    ...['-DLLAMA_BUILD_TESTS=OFF', '-DLLAMA_BUILD_SERVER=OFF'],
  ]);
  run('cmake', ['--build', tree, '--parallel', String(os.availableParallelism()), '--target', 'llama-bench']);
  const commit = execFileSync('git', ['-C', checkout, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  writeFileSync(path.join(ikLlamaCpp, 'commit'), commit);
}

/** With its prebuilt CPU binary for this platform; its GPU binaries would be 350 MB more. */
function installNodeLlamaCpp(): void {
  const version = pinnedNodeLlamaCpp();
  mkdirSync(nodeLlamaCpp, { recursive: true });
  const packages = [`node-llama-cpp@${version}`, `@node-llama-cpp/${prebuiltName()}@${version}`];
  run('npm', ['install', '--prefix', nodeLlamaCpp, '--no-save', '--omit=optional', '--ignore-scripts', ...packages]);
}

/** What node-llama-cpp calls its prebuilt binaries. */
function prebuiltName(): string {
  if (process.platform === 'darwin') return process.arch === 'arm64' ? 'mac-arm64-metal' : 'mac-x64';
  return `${process.platform === 'win32' ? 'win' : 'linux'}-${process.arch}`;
}

function installTransformers(): void {
  if (process.env['INFORM_BENCH_PYTHON'] !== undefined) return;
  const python = pythonIn(venv);
  if (!existsSync(python)) run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', venv]);
  run(python, ['-m', 'pip', 'install', '--quiet', '-r', peerFile('requirements.txt')]);
}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, {
    stdio: ['ignore', process.stderr, process.stderr],
    // npm is a .cmd file on Windows, which only a shell can start.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}
