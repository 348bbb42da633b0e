import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
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

/**
 * Starts the CLI and sends it a signal once a score is in the journal. The run has to be long enough: what is scored
 * in the tenth of a second between two writes of a journal is there at once, and that can be thousands of tokens.
 */
export async function interruptOnceJournaled(
  args: readonly string[],
  journal: string,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<CliResult> {
  const child = startCli(args);
  const done = finished(child);
  while (child.exitCode === null && !holdsScore(journal)) await delay(5);
  assert.ok(child.kill(signal), 'the run was over before it could be interrupted');
  return done;
}

export function holdsScore(journal: string): boolean {
  return existsSync(journal) && readFileSync(journal, 'utf8').includes('"result"');
}
