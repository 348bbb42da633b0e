import type { CommandModule } from 'yargs';
import { checkOption } from '../../options/check.js';
import { OPTIONS } from '../../options/table.js';
import { QUANTIZED_TYPES, type QuantizedType } from '../../gguf/model-types.js';
import { physicalCores } from '../../util/physical-cores.js';

interface QuantizeArguments {
  input: string;
  output: string;
  type: QuantizedType;
  imatrix: string | undefined;
  threads: string;
  overwrite: boolean;
}

/** `inform-score quantize in.gguf out.gguf --type q4_k_m` */
export function quantizeCommand(): CommandModule<object, QuantizeArguments> {
  return {
    command: 'quantize <input> <output>',
    describe: 'make a smaller GGUF out of one in F32, F16 or BF16, with its score head as it is',
    builder: (argv) =>
      argv
        .positional('input', {
          type: 'string',
          demandOption: true,
          describe: 'a GGUF file, or the first shard of a split one',
        })
        .positional('output', { type: 'string', demandOption: true, describe: 'the GGUF file to write' })
        .option('type', {
          choices: QUANTIZED_TYPES,
          default: 'q4_k_m' as const,
          describe: "llama.cpp's mix of types",
        })
        .option('imatrix', {
          type: 'string',
          requiresArg: true,
          describe: 'an importance matrix of the same model, from llama-imatrix (GGUF or .dat)',
        })
        .option('threads', {
          type: 'string',
          requiresArg: true,
          default: 'auto',
          describe: 'CPU threads; auto is one per physical core',
        })
        .option('overwrite', { type: 'boolean', default: false, describe: 'replace an existing output' }),
    handler: async ({ input, output, type, imatrix, threads, overwrite }) => {
      const { runQuantize } = await import('../run-quantize.js');
      await runQuantize(input, output, { type, imatrix, threads: threadCount(threads), overwrite });
    },
  };
}

/** Throws INFORM_INVALID_CONFIG. */
function threadCount(text: string): number {
  const spec = OPTIONS.find(({ key }) => key === 'threads');
  const value = /^\d+$/.test(text) ? Number(text) : text;
  const threads = spec && checkOption(spec, value, '--threads');
  return typeof threads === 'number' ? threads : physicalCores();
}
