import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '#src/util/package-root.js';

const POLL_MS = 50;

export interface Peak {
  megabytes: number;
  seconds: number;
}

/** Runs the command line. The kernel keeps a process's peak (VmHWM); it is read until the process is gone. Linux only. */
export async function peakOfCli(args: readonly string[]): Promise<Peak> {
  const cli = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
  const start = performance.now();
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  let kilobytes = 0;
  const timer = setInterval(() => {
    // Its own peak, and that of the process in which it evaluates.
    const processes = [child.pid, ...childrenOf(child.pid)];
    kilobytes = Math.max(
      kilobytes,
      processes.reduce<number>((sum, pid) => sum + peakSoFar(pid), 0),
    );
  }, POLL_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`inform-score ${args.join(' ')} ended with ${code}`);
  return { megabytes: kilobytes / 1024, seconds: (performance.now() - start) / 1000 };
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return (readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []).map(Number);
  } catch {
    return []; // it has just ended
  }
}

function peakSoFar(pid: number | undefined): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0);
  } catch {
    return 0; // it has just ended
  }
}
