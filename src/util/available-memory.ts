import os from 'node:os';

/** Bytes of memory that can be had without swapping: what is free, and what only caches files. */
export function availableMemory(): number {
  return os.freemem(); // MemAvailable on Linux
}
