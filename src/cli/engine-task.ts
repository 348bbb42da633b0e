import { EngineProcess, withEngine } from '../supervisor/engine-process.js';
import { onInterrupt, type Interrupt } from './interrupt.js';
import { runTask, type Task } from './task.js';
import type { Progress } from './terminal-progress.js';

interface EngineTaskOptions {
  progress?: Progress | undefined;
  scheduled?: boolean | undefined;
}

/** An engine's process for a task that has not begun, with the signals that were heard since before it was started. */
interface Beginning {
  readonly engine: EngineProcess;
  readonly interrupt: Interrupt;
}

let ahead: Beginning | undefined;

/** Starts the process of the task that a command line asks for, which loads what it needs while the command line is read. */
export function startEngineAhead(): void {
  ahead = begin();
}

/** Ends a process that no task has taken. */
export async function endEngineAhead(): Promise<void> {
  ahead?.interrupt.release();
  await ahead?.engine.kill();
}

/** As `runTask`, with an engine, whose process starts at once if it has not been started ahead. */
export async function runEngineTask<T>(
  work: (engine: EngineProcess, task: Task) => Promise<T>,
  { progress, scheduled = false }: EngineTaskOptions = {},
): Promise<T> {
  const { engine, interrupt } = ahead ?? begin();
  ahead = undefined;
  if (scheduled) interrupt.schedule();
  return withEngine((own) => runTask((task) => work(own, task), progress, interrupt), engine);
}

/** Signals are heard first: who waits for the process may send one at once. */
function begin(): Beginning {
  const interrupt = onInterrupt();
  return { interrupt, engine: EngineProcess.start() };
}
