import type { CommandModule } from 'yargs';
import type { ConversionType } from '../../gguf/model-types.js';
import { JSON_FLAG, LOCAL_MODEL, typeFlag } from '../shared-flags.js';
import { printJson, printLines } from '../terminal.js';

interface InspectArguments {
  model: string;
  type: ConversionType;
  json: boolean;
}

/** `inform-score inspect model.gguf` */
export const inspectCommand: CommandModule<object, InspectArguments> = {
  command: 'inspect <model>',
  describe: 'say what a GGUF file holds: sizes, quantization, head, template, tokenizer, metadata',
  builder: (argv) =>
    argv
      .positional('model', LOCAL_MODEL)
      .option('type', typeFlag('q4_k_m', 'which conversion of a model that was pulled'))
      .option('json', JSON_FLAG),
  handler: async ({ model, type, json }) => {
    const [{ inspectModel }, { formatReport }, { resolveLocalModel }] = await Promise.all([
      import('../../models/inspect.js'),
      import('../inspect-text.js'),
      import('../../models/resolve.js'),
    ]);
    const report = await inspectModel(await resolveLocalModel(model, type));
    if (json) printJson(report);
    else printLines(formatReport(report));
  },
};
