import { withEngine, type EngineProcess } from '../supervisor/engine-process.js';
import { onInterrupt } from './interrupt.js';
import { runTask, type Task } from './task.js';
import type { Progress } from './terminal-progress.js';

interface EngineTaskOptions {
  progress?: Progress | undefined;
  scheduled?: boolean | undefined;
}

/**
 * As `runTask`, with an engine, whose process starts at once. Signals are heard before that: who waits for the process may send one
 * at once.
 */
export async function runEngineTask<T>(
  work: (engine: EngineProcess, task: Task) => Promise<T>,
  { progress, scheduled }: EngineTaskOptions = {},
): Promise<T> {
  const interrupt = onInterrupt({ scheduled });
  return withEngine((engine) => runTask((task) => work(engine, task), progress, interrupt));
}
