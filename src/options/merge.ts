import { defaultOptions, exactSettings } from './check.js';
import type { RunOptions } from './table.js';

/** Some of the options, checked: what a configuration file says, or the flags. */
export type PartialOptions = Partial<Record<keyof RunOptions, unknown>>;

/** defaults < configuration file < flags */
export function mergeOptions(...layers: readonly PartialOptions[]): RunOptions {
  const given = Object.assign({}, ...layers) as PartialOptions;
  return { ...defaultOptions(), ...given, ...exactSettings(given) } as RunOptions;
}
