import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

/**
 * The number of physical cores this process may use. Matrix products saturate a core's arithmetic units, so a second
 * hardware thread on it adds nothing.
 */
export function physicalCores(): number {
  return Math.min(coresFromSysfs() ?? os.availableParallelism(), os.availableParallelism());
}

/** Linux says which hardware threads are siblings on one core; elsewhere there is no file to ask. */
function coresFromSysfs(): number | undefined {
  const folder = '/sys/devices/system/cpu';
  try {
    const cores = readdirSync(folder)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => readFileSync(`${folder}/${name}/topology/thread_siblings_list`, 'utf8').trim());
    return cores.length > 0 ? new Set(cores).size : undefined;
  } catch {
    return undefined;
  }
}
