import { InformError } from '../errors.js';

// Where a command has a fixed number of inputs, its output may be named behind them or with -o. Where the inputs are a list (score, merge,
// report), -o alone tells it from one more of them.

/** What a command line says of an output. */
export interface OutputArguments {
  output?: string | undefined;
  /** As the last word, without a flag. */
  out?: string | undefined;
}

/** The positional "[out]". */
export const OUT = { type: 'string', describe: 'the same as -o' } as const;

export function outputOption(describe: string) {
  return { alias: 'o', type: 'string', requiresArg: true, describe } as const;
}

/** For the commands whose inputs are a list. */
export function requiredOutputOption(describe: string) {
  return { ...outputOption(describe), demandOption: true } as const;
}

/** @throws InformError INFORM_INVALID_CONFIG where both ways name one */
export function outputOf({ output, out }: OutputArguments): string | undefined {
  if (output === undefined || out === undefined) return output ?? out;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `The output is named twice: ${out}, and ${output} with -o. Leave one of them out.`,
  );
}

/**
 * @param usage the command as it is called, its output as "[out]"
 * @throws InformError INFORM_INVALID_CONFIG where none is named
 */
export function requiredOutput(argv: OutputArguments, usage: string): string {
  const output = outputOf(argv);
  if (output !== undefined) return output;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `The file to write is missing: name it last (inform-score ${usage.replace('[out]', '<out>')}) or with -o.`,
  );
}
