import { WANTED_TYPES, type WantedType } from '../gguf/model-types.js';

// Flags that several commands have, defined once. Each takes what it says about the command at hand.

export const OVERWRITE = { type: 'boolean', default: false, describe: 'replace an existing output' } as const;

export const REJECTS_OK = {
  type: 'boolean',
  default: false,
  describe: 'end with exit code 0, and not 3, when samples were rejected',
} as const;

/** @param work what was not finished, such as "run" */
export function restartFlag(work: string) {
  const describe = `discard what an unfinished ${work} with this output left, and begin anew`;
  return { type: 'boolean', default: false, describe } as const;
}

export function sampleFlag(fallback: string) {
  const describe = 'how many rows are scored, chosen at random, the same ones each time';
  return { type: 'string', requiresArg: true, default: fallback, describe } as const;
}

export const JSON_FLAG = { type: 'boolean', default: false, describe: 'print one JSON document' } as const;

export const CONFIG = {
  alias: 'c',
  type: 'string',
  requiresArg: true,
  describe: 'a YAML configuration file',
} as const;

export const YES = { type: 'boolean', default: false, describe: 'download more than 5 GB without asking' } as const;

/** A model that is looked at and not loaded. */
export const MODEL_TO_LOOK_AT = {
  type: 'string',
  demandOption: true,
  describe: 'a GGUF file, a checkpoint folder, "demo", or the id of a Hugging Face model, which is not downloaded',
} as const;

/** llama.cpp and the hub write types in capitals. */
export function typeFlag(describe: string) {
  const coerce = (type: string): WantedType => type.toLowerCase() as WantedType;
  return { choices: WANTED_TYPES, coerce, default: 'auto', describe } as const;
}
