import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { InformError, messageOf } from '../errors.js';
import type { Order, Reply } from './protocol.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));
const MAX_ERROR_OUTPUT = 4096; // characters of what a crash prints last
/** A process that is asked to end has this long before it is made to. On a GPU a batch in the middle cannot be stopped. */
const CLOSE_MS = 1000;

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it printed on standard error. */
  readonly errorOutput: string;
  /** Why it could not be started. */
  readonly cause?: unknown;
  /** Why it was ended by us, as a clause about it. */
  readonly reason?: string | undefined;
}

/** The engine's process ended by itself, whatever it was doing. */
export class EngineCrash extends Error {
  constructor(readonly end: ProcessEnd) {
    super(describeEnd(end));
    this.name = 'EngineCrash';
  }
}

/** A process with an engine: orders go in, replies come out, and its end is always noticed. */
export class EngineProcess {
  /** Called with each reply. */
  onReply: (reply: Reply) => void = () => undefined;
  /** Resolves after the last reply. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #reason: string | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = endOf(child).then((end) => ({ ...end, reason: this.#reason }));
    child.on('message', (reply) => {
      this.onReply(reply as Reply);
    });
  }

  /** Starts one. It begins to load what it needs at once, and waits for orders. */
  static start(module = CHILD): EngineProcess {
    return new EngineProcess(
      fork(module, {
        // Keeps what JSON cannot: lone surrogates and infinities as they are. And it is faster.
        serialization: 'advanced',
        execArgv: [],
        // Whatever libraries print, standard output is for scores.
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        // A crash prints its reason; a debugger's backtrace would take seconds.
        env: { ...process.env, GGML_NO_BACKTRACE: '1' },
      }),
    );
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** One that has ended takes no orders; its end says so. */
  send(order: Order): void {
    this.#child.send(order, () => undefined);
  }

  /** Lets it end in order, or makes it end. Resolves when it has ended. */
  async close(): Promise<void> {
    const timer = setTimeout(() => {
      this.#child.kill('SIGKILL');
    }, CLOSE_MS);
    this.send({ type: 'close' });
    await this.ended;
    clearTimeout(timer);
  }

  /** @param reason why, as a clause about it: "did not answer for 3600 s" */
  async kill(reason?: string): Promise<void> {
    this.#reason ??= reason;
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-MAX_ERROR_OUTPUT);
  });
  return new Promise((resolve) => {
    child.once('error', (cause) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, errorOutput, cause });
    });
    // The exit may come before the last messages and the last output have been read.
    const disconnected = new Promise((done) => child.once('disconnect', done));
    child.once('close', (code, signal) => {
      void disconnected.then(() => {
        resolve({ code, signal, errorOutput });
      });
    });
  });
}

/** "was ended by SIGSEGV: the last line that it printed" */
function describeEnd({ code, signal, errorOutput, cause, reason }: ProcessEnd): string {
  if (reason !== undefined) return reason;
  if (cause !== undefined) return `could not be started: ${messageOf(cause)}`;
  const how = signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`;
  const last = errorOutput.split('\n').findLast((line) => line.trim() !== '');
  const hint = signal === 'SIGKILL' ? ' (perhaps memory ran out)' : '';
  return `${how}${hint}${last === undefined ? '' : `: ${last.trim()}`}`;
}

export function crashError(what: string, cause: EngineCrash): InformError {
  return new InformError('INFORM_ENGINE_CRASHED', what, { cause });
}

/** Ends a process with the work that it is for, however that ends. */
export async function withEngine<T>(
  work: (engine: EngineProcess) => Promise<T>,
  engine = EngineProcess.start(),
): Promise<T> {
  try {
    return await work(engine);
  } finally {
    await engine.kill();
  }
}
