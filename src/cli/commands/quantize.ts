import type { CommandModule } from 'yargs';
import { QUANTIZED_TYPES, type WantedQuantizedType } from '../../gguf/model-types.js';
import { checkOption } from '../../options/check.js';
import { OPTIONS } from '../../options/table.js';
import { formatBytes, formatCount } from '../../util/format.js';
import { physicalCores } from '../../util/physical-cores.js';
import { bytesStatus } from '../../util/progress-status.js';
import { OUT, outputOption, requiredOutput, type OutputArguments } from '../output-argument.js';
import { OVERWRITE } from '../shared-flags.js';
import { runTask } from '../task.js';

const USAGE = 'quantize <input> [out]';

const TYPES: readonly WantedQuantizedType[] = ['auto', ...QUANTIZED_TYPES];

interface QuantizeArguments extends OutputArguments {
  input: string;
  type: WantedQuantizedType;
  imatrix: string | undefined;
  threads: string;
  overwrite: boolean;
}

/** `inform-score quantize in.gguf out.gguf --type q4_k_m` */
export const quantizeCommand: CommandModule<object, QuantizeArguments> = {
  command: USAGE,
  describe: 'make a smaller GGUF out of one in F32, F16 or BF16, with its score head as it is',
  builder: (argv) =>
    argv
      .positional('input', {
        type: 'string',
        demandOption: true,
        describe: 'a GGUF file, or the first shard of a split one',
      })
      .positional('out', OUT)
      .option('output', outputOption('the GGUF file to write'))
      .option('type', {
        choices: TYPES,
        coerce: (type: string) => type.toLowerCase() as WantedQuantizedType,
        default: 'auto' as const,
        describe: "llama.cpp's mix of types; auto is q8_0 below 40 billion weights, q4_k_m above",
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
  handler: async ({ input, type, imatrix, threads, overwrite, ...named }) => {
    const output = requiredOutput(named, USAGE);
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
      if (result.note !== undefined) note(`Note: ${result.note}`);
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
        `Quantized ${input} to ${output} (${result.type}, ${formatBytes(result.inputBytes)} to ${formatBytes(result.outputBytes)})`,
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
