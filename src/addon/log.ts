import { loadAddon } from './load-addon.js';

/** ggml's levels that matter to people. */
const LEVELS: Record<number, string> = { 1: 'debug', 2: 'info', 3: 'warning', 4: 'error' };

let notes: string[] = [];

/** Keeps a line of our own for the log: what was decided before llama.cpp was called. */
export function logPlan(line: string): void {
  notes.push(line);
}

/** What was logged since the last call, as lines to print: our own, then llama.cpp's, which keeps its newest 2,000. */
export function drainLog(): string[] {
  const own = notes.map((line) => `plan: ${line}`);
  notes = [];
  const theirs = loadAddon().addon.drainLog();
  return [...own, ...theirs.map(({ level, text }) => `llama.cpp ${LEVELS[level] ?? 'log'}: ${text}`)];
}
