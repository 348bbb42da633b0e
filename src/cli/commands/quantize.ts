import type { CommandModule } from 'yargs';
import { QUANTIZED_TYPES, type QuantizedType } from '../../gguf/model-types.js';
import { checkOption } from '../../options/check.js';
import { OPTIONS } from '../../options/table.js';
import { formatBytes, formatCount } from '../../util/format.js';
import { physicalCores } from '../../util/physical-cores.js';
import { bytesStatus } from '../../util/progress-status.js';
import { OVERWRITE } from '../shared-flags.js';
import { runTask } from '../task.js';

interface QuantizeArguments {
  input: string;
  output: string;
  type: QuantizedType;
  imatrix: string | undefined;
  threads: string;
  overwrite: boolean;
}

/** `inform-score quantize in.gguf out.gguf --type q4_k_m` */
export const quantizeCommand: CommandModule<object, QuantizeArguments> = {
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
        coerce: (type: string) => type.toLowerCase() as QuantizedType,
        default: 'q4_k_m' as const,
        describe: "llama.cpp's mix of types",
      })
      .option('imatrix', {
        type: 'string',
        requiresArg: true,
        describe: 'an importance matrix of the same model, from llama-imatrix',
      })
      .option('threads', {
        type: 'string',
        requiresArg: true,
        default: 'auto',
        describe: 'CPU threads; auto is one per physical core',
      })
      .option('overwrite', OVERWRITE),
  handler: async ({ input, output, type, imatrix, threads, overwrite }) => {
    const { quantizeModel } = await import('../../quantize/quantize.js');
    await runTask(async ({ signal, update, note }) => {
      const result = await quantizeModel(input, output, {
        type,
        imatrix,
        threads: threadCount(threads),
        overwrite,
        signal,
        onProgress: ({ bytesWritten, totalBytes }) => {
          update(bytesStatus('Quantizing', bytesWritten, totalBytes));
        },
      });
      const [first] = result.withoutImportance;
      if (first !== undefined) {
        note(
          `Warning: ${imatrix ?? ''} says nothing about ${formatCount(result.withoutImportance.length)} matrices, among them ${first}; they are quantized without it.`,
        );
      }
      if (!result.hasHead) {
        note(`Note: ${input} has no score head; give it one with inform-score attach, or score with --score-head.`);
      }
      note(
        `Quantized ${input} to ${output} (${type}, ${formatBytes(result.inputBytes)} to ${formatBytes(result.outputBytes)})`,
      );
    });
  },
};

/** @throws InformError INFORM_INVALID_CONFIG */
function threadCount(text: string): number {
  const spec = OPTIONS.find(({ key }) => key === 'threads');
  const value = /^\d+$/.test(text) ? Number(text) : text;
  const threads = spec && checkOption(spec, value, '--threads');
  return typeof threads === 'number' ? threads : physicalCores();
}
