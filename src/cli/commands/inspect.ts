import type { CommandModule } from 'yargs';
import { CONVERSION_TYPES, type ConversionType } from '../../convert/tensor-types.js';

interface InspectArguments {
  model: string;
  type: ConversionType;
  json: boolean;
}

/** `inform-score inspect model.gguf` */
export function inspectCommand(): CommandModule<object, InspectArguments> {
  return {
    command: 'inspect <model>',
    describe: 'say what a GGUF file holds: sizes, quantization, head, template, tokenizer, metadata',
    builder: (argv) =>
      argv
        .positional('model', {
          type: 'string',
          demandOption: true,
          describe: 'a GGUF file, the id of a Hugging Face model that was pulled, or "demo"',
        })
        .option('type', {
          choices: CONVERSION_TYPES,
          default: 'q4_k_m' as const,
          describe: 'of a model that was pulled',
        })
        .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' }),
    handler: async ({ model, type, json }) => {
      const [{ formatReport, inspectModel }, { resolveLocalModel }] = await Promise.all([
        import('../../models/inspect.js'),
        import('../../models/resolve.js'),
      ]);
      const report = await inspectModel(await resolveLocalModel(model, type));
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
    },
  };
}
