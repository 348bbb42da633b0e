import { loadAddon } from './native.js';

/** ggml's levels that matter to people. */
const LEVELS: Record<number, string> = { 1: 'debug', 2: 'info', 3: 'warning', 4: 'error' };

/** What llama.cpp logged since the last call, as lines to print; it keeps the newest 2,000. */
export function takeEngineLog(): string[] {
  return loadAddon()
    .addon.takeLog()
    .map(({ level, text }) => `llama.cpp ${LEVELS[level] ?? 'log'}: ${text}`);
}
