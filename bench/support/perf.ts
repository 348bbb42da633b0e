import { spawnSync } from 'node:child_process';
import path from 'node:path';

export interface OwnShare {
  /** 0..1: CPU time in the JavaScript thread, or in node's or our addon's code on another thread. */
  share: number;
  /** How many samples of CPU time that rests on. */
  samples: number;
  /** Where most of the time was, llama.cpp included. */
  symbols: { share: number; symbol: string; library: string }[];
}

const SAMPLES_PER_SECOND = 499;
const TOP = 15;
/** C++ templates have names of a thousand characters. */
const MOST_CHARACTERS = 64;

/** Runs a script of node under Linux's perf; undefined where there is no perf, or it may not be used. */
export function ownShare(nodeArguments: readonly string[], folder: string): OwnShare | undefined {
  const data = path.join(folder, 'perf.data');
  const record = ['record', '--quiet', '-e', 'cpu-clock', '-F', String(SAMPLES_PER_SECOND), '-o', data];
  const { status } = spawnSync('perf', [...record, process.execPath, ...nodeArguments], { stdio: 'ignore' });
  if (status !== 0) return undefined;
  const { stdout } = spawnSync('perf', ['script', '-i', data, '-F', 'pid,tid,ip,sym,dso'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  return summarize(stdout);
}

/** Lines such as ` 123/125   7f8feb ggml_vec_dot_q4_K_q8_K (/path/libggml-cpu.so)`. */
const LINE = /^\s*(\d+)\/(\d+)\s+[0-9a-f]+\s+(.*?)\s+\((.*)\)$/;

function summarize(script: string): OwnShare | undefined {
  const counts = new Map<string, number>();
  let samples = 0;
  let own = 0;
  for (const line of script.split('\n')) {
    const [, pid, tid, symbol = '', file = ''] = LINE.exec(line) ?? [];
    if (pid === undefined) continue;
    samples++;
    const library = path.basename(file);
    if (pid === tid || library === 'node' || library === 'inform_score.node') own++;
    const key = JSON.stringify([symbol.replace(/\+0x[0-9a-f]+$/, ''), library]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  if (samples === 0) return undefined;
  const symbols = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([key, count]) => {
      const [symbol = '', library = ''] = JSON.parse(key) as string[];
      const shown = symbol.length > MOST_CHARACTERS ? `${symbol.slice(0, MOST_CHARACTERS)}…` : symbol;
      return { share: count / samples, symbol: shown, library };
    });
  return { share: own / samples, samples, symbols };
}
