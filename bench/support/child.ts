import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

export interface ChildResult {
  stdout: string;
  stderr: string;
  /** User and system time of the process, loading included; undefined where the system does not tell. */
  cpuSeconds: number | undefined;
  /** What everything else on the machine took meanwhile, as a share (0..1) of all its cores. */
  othersShare: number | undefined;
}

/** Runs a program to its end and says what it cost. Throws with the end of its standard error when it fails. */
export async function runChild(command: string, args: readonly string[]): Promise<ChildResult> {
  const before = cpuTimes();
  const start = performance.now();
  const { stdout, stderr } = await outputOf(command, args);
  const seconds = (performance.now() - start) / 1000;
  const after = cpuTimes();
  if (!before || !after) return { stdout, stderr, cpuSeconds: undefined, othersShare: undefined };
  const cpuSeconds = after.children - before.children;
  const others = after.machine - before.machine - cpuSeconds - (after.self - before.self);
  return { stdout, stderr, cpuSeconds, othersShare: Math.max(0, others / (seconds * os.availableParallelism())) };
}

function outputOf(command: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ stdout, stderr });
      else reject(new Error(`${command} ended with ${signal ?? code}:\n${stderr.slice(-2000)}`));
    });
  });
}

/** Linux counts CPU time in these. */
const TICKS_PER_SECOND = 100;

/** CPU seconds so far: of this process, of its finished children, of the whole machine. */
function cpuTimes(): { self: number; children: number; machine: number } | undefined {
  try {
    // proc(5): utime, stime, cutime, cstime are fields 14 to 17; the second one, in parentheses, may hold spaces.
    const own = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = own.slice(11, 15);
    // user, nice, system, idle, iowait, irq, softirq, steal
    const all = readFileSync('/proc/stat', 'utf8').split('\n', 1).join().split(/\s+/).slice(1).map(Number);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = all;
    return {
      self: (utime + stime) / TICKS_PER_SECOND,
      children: (cutime + cstime) / TICKS_PER_SECOND,
      machine: (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}
