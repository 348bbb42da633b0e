import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { abortError, throwIfAborted } from '../util/abort.js';
import { InformError } from '../errors.js';
import type { QuantizerJob, QuantizerReply } from './child.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));
const MAX_ERROR_OUTPUT = 4096; // characters of what a crash prints last

/**
 * Runs llama.cpp's quantizer in a process of its own, which an abort kills at once.
 *
 * @returns llama.cpp's log, line by line
 * @throws InformError INFORM_ABORTED, INFORM_QUANTIZE_FAILED (it failed or the process crashed), and what
 *   `quantize_model` in native/engine throws
 */
export async function runQuantizer(job: QuantizerJob, signal?: AbortSignal): Promise<string[]> {
  throwIfAborted(signal);
  const child = fork(CHILD, {
    // Importance matrices are typed arrays, which JSON would not keep.
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A crash prints its reason; a debugger's backtrace would take seconds.
    env: { ...process.env, GGML_NO_BACKTRACE: '1' },
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const { reply, end } = await conversation(child, job);
    throwIfAborted(signal);
    if (reply === undefined) throw crashed(job, end, signal);
    if ('error' in reply) throw new InformError(reply.error.code, reply.error.message);
    return reply.log;
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}

interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errorOutput: string;
  /** Why it could not be started. */
  readonly cause?: unknown;
}

/** Sends the job and waits for the process's end. */
function conversation(
  child: ChildProcess,
  job: QuantizerJob,
): Promise<{ reply: QuantizerReply | undefined; end: ProcessEnd }> {
  return new Promise((resolve) => {
    let reply: QuantizerReply | undefined;
    let errorOutput = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errorOutput = (errorOutput + text).slice(-MAX_ERROR_OUTPUT);
    });
    child.once('message', (message) => {
      reply = message as QuantizerReply;
    });
    child.once('error', (cause) => {
      resolve({ reply, end: { code: null, signal: null, errorOutput, cause } });
    });
    child.once('close', (code, signal) => {
      resolve({ reply, end: { code, signal, errorOutput } });
    });
    // A process that ends before it has read the job is told about by its end.
    child.send(job, () => undefined);
  });
}

function crashed(job: QuantizerJob, end: ProcessEnd, signal: AbortSignal | undefined): InformError {
  // Ctrl-C may reach the process before it could say that this one decides.
  if (end.signal === 'SIGINT' && signal !== undefined) return abortError(signal);
  const lines = end.errorOutput.split('\n').filter((line) => line.trim() !== '');
  const how = end.signal === null ? `with exit code ${end.code ?? 'unknown'}` : `by ${end.signal}`;
  const hint = end.signal === 'SIGKILL' ? ' Perhaps memory ran out; close other programs.' : '';
  const last = lines.at(-1);
  const reason = last === undefined ? '' : `: ${last.trim()}`;
  return new InformError(
    'INFORM_QUANTIZE_FAILED',
    `llama.cpp's quantizer was ended ${how} while it worked on ${job.input}${reason}.${hint}`,
    { cause: end.cause },
  );
}
