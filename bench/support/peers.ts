import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '#src/util/cache-folder.js';
import { packageRoot } from '#src/util/package-root.js';

// Where the peers are: `npm run bench -- install-peers` puts them into the cache folder, outside of the repository.

const EXE = process.platform === 'win32' ? '.exe' : '';

/** The peers that are programs of other people, and what they are installed as. */
export function peerPaths(): {
  llamaCpp: string;
  ikLlamaCpp: string;
  nodeLlamaCpp: string;
  venv: string;
  python: string;
} {
  const folder = path.join(cacheFolder(), 'bench-peers');
  const venv = path.join(folder, 'python');
  return {
    llamaCpp: path.join(folder, 'llama-cpp'),
    ikLlamaCpp: path.join(folder, 'ik-llama-cpp'),
    nodeLlamaCpp: path.join(folder, 'node-llama-cpp'),
    venv,
    python: process.env['INFORM_BENCH_PYTHON'] ?? pythonIn(venv),
  };
}

export function pythonIn(venv: string): string {
  return process.platform === 'win32' ? path.join(venv, 'Scripts', 'python.exe') : path.join(venv, 'bin', 'python');
}

/** One of llama.cpp's programs, undefined where it is not built. */
export function llamaCppProgram(name: 'llama-bench' | 'llama-embedding'): string | undefined {
  const file = path.join(peerPaths().llamaCpp, 'bin', name + EXE);
  return existsSync(file) ? file : undefined;
}

/** ik_llama.cpp's llama-bench with the commit that it was built from, undefined where it is not built. */
export function ikLlamaBench(): { file: string; commit: string } | undefined {
  const { ikLlamaCpp } = peerPaths();
  const file = path.join(ikLlamaCpp, 'tree', 'bin', `llama-bench${EXE}`);
  const commit = path.join(ikLlamaCpp, 'commit');
  return existsSync(file) && existsSync(commit) ? { file, commit: readFileSync(commit, 'utf8').trim() } : undefined;
}

/** The folder that node-llama-cpp is installed in, undefined where it is not. */
export function nodeLlamaCppFolder(): string | undefined {
  const { nodeLlamaCpp } = peerPaths();
  return existsSync(path.join(nodeLlamaCpp, 'node_modules', 'node-llama-cpp')) ? nodeLlamaCpp : undefined;
}

/** A Python with torch and transformers, undefined where there is none. */
export function pythonWithTransformers(): string | undefined {
  const { python } = peerPaths();
  return existsSync(python) ? python : undefined;
}

/** That Python if it also has what llama.cpp's converter imports for every Llama. */
export function pythonWithConverter(): string | undefined {
  const python = pythonWithTransformers();
  if (python === undefined) return undefined;
  return spawnSync(python, ['-c', 'import sentencepiece'], { stdio: 'ignore' }).status === 0 ? python : undefined;
}

/** A file of bench/peers. */
export function peerFile(name: string): string {
  return path.join(packageRoot(), 'bench', 'peers', name);
}

/** The pinned version of the npm package that llama.cpp's source comes out of. */
export function pinnedNodeLlamaCpp(): string {
  const pin = readFileSync(path.join(packageRoot(), 'native', 'llama.json'), 'utf8');
  return (JSON.parse(pin) as { version: string }).version;
}
