import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '#src/util/package-root.js';

const CLI = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
const DEADLINE_MS = 60_000;

export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Starts the CLI; it is killed when it outlives the deadline. */
export function startCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  deadlineMs = DEADLINE_MS,
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [CLI, ...args], {
    // Whatever started the tests, and with nohup perhaps: "_" is what the shell started.
    env: { ...process.env, _: process.execPath, ...env },
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
}

/** Waits for a process and gathers what it prints. */
export async function finished(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}

/** Runs the CLI with `input` on its standard input. */
export async function runCli(
  args: readonly string[],
  input: string | Uint8Array = '',
  env: NodeJS.ProcessEnv = {},
): Promise<CliResult> {
  const child = startCli(args, env);
  child.stdin.on('error', () => undefined); // it may end before it has read everything
  child.stdin.end(input);
  return finished(child);
}

/** Starts the CLI and kills it as soon as a score is in the journal. */
export async function killOnceJournaled(args: readonly string[], journal: string): Promise<void> {
  const child = startCli(args);
  const done = finished(child);
  const hasScore = (): boolean => existsSync(journal) && readFileSync(journal, 'utf8').includes('"result"');
  while (child.exitCode === null && !hasScore()) await delay(5);
  child.kill('SIGKILL');
  await done;
}
