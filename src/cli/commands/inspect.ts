import type { CommandModule } from 'yargs';
import type { WantedType } from '../../gguf/model-types.js';
import { JSON_FLAG, LOCAL_MODEL, typeFlag } from '../shared-flags.js';
import { printJson, printLines, say } from '../terminal.js';

interface InspectArguments {
  model: string;
  type: WantedType;
  json: boolean;
  verify: boolean;
}

/** `inform-score inspect model.gguf` */
export const inspectCommand: CommandModule<object, InspectArguments> = {
  command: 'inspect <model>',
  describe: 'say what a GGUF file holds: sizes, quantization, head, template, tokenizer, metadata',
  builder: (argv) =>
    argv
      .positional('model', LOCAL_MODEL)
      .option('type', typeFlag('which conversion of a model that was pulled'))
      .option('json', JSON_FLAG)
      .option('verify', {
        type: 'boolean',
        default: false,
        describe: 'read all tensors and compare them with the hash that was written with them',
      }),
  handler: async ({ model, type, json, verify }) => {
    const [{ inspectModel }, { verifyModel }, { formatReport }, { resolveLocalModel }, { runTask }] = await Promise.all(
      [
        import('../../models/inspect.js'),
        import('../../models/verify.js'),
        import('../inspect-text.js'),
        import('../../models/resolve.js'),
        import('../task.js'),
      ],
    );
    const path = await resolveLocalModel(model, type);
    const report = await inspectModel(path);
    if (json) printJson(report);
    else printLines(formatReport(report));
    if (!verify) return;
    const hash = await runTask(({ signal, update }) =>
      verifyModel(path, {
        signal,
        onProgress: (fraction) => {
          update({ label: 'Verifying', fraction });
        },
      }),
    );
    say(`The tensors of ${path} are those that were written: SHA-256 ${hash}`);
  },
};
