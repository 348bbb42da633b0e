import type { CommandModule } from 'yargs';
import { parseSize } from '../../util/parse-size.js';
import { CONVERSION_TYPES, type ConversionType } from '../../convert/tensor-types.js';

interface ConvertArguments {
  checkpoint: string;
  output: string;
  type: ConversionType;
  'split-max-size'?: string | undefined;
  overwrite: boolean;
}

/** `inform-score convert CHECKPOINT -o model.gguf` */
export function convertCommand(): CommandModule<object, ConvertArguments> {
  return {
    command: 'convert <checkpoint>',
    describe: 'make a GGUF with its score head out of a Hugging Face checkpoint folder',
    builder: (argv) =>
      argv
        .positional('checkpoint', { type: 'string', demandOption: true, describe: 'the folder with config.json' })
        .option('output', {
          alias: 'o',
          type: 'string',
          requiresArg: true,
          demandOption: true,
          describe: 'the GGUF file to write',
        })
        .option('type', {
          choices: CONVERSION_TYPES,
          default: 'bf16' as const,
          describe: "the matrices' type; bf16 keeps the checkpoint's precision",
        })
        .option('split-max-size', {
          type: 'string',
          requiresArg: true,
          describe: 'write several files of at most this size, such as 48G or 500M, where one would be larger',
        })
        .option('overwrite', { type: 'boolean', default: false, describe: 'replace an existing output' }),
    handler: async ({ checkpoint, output, type, 'split-max-size': splitMaxSize, overwrite }) => {
      const { runConvert } = await import('../run-convert.js');
      const splitMaxBytes = splitMaxSize === undefined ? undefined : parseSize(splitMaxSize, '--split-max-size');
      await runConvert(checkpoint, output, { type, splitMaxBytes, overwrite });
    },
  };
}
