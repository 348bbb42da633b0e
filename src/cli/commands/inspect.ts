import type { CommandModule } from 'yargs';
import { InformError } from '../../errors.js';
import type { WantedType } from '../../gguf/model-types.js';
import { JSON_FLAG, MODEL_TO_LOOK_AT, typeFlag } from '../shared-flags.js';
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
  describe: "say what a model's file holds: sizes, quantization, head, template, tokenizer, metadata",
  builder: (argv) =>
    argv
      .positional('model', MODEL_TO_LOOK_AT)
      .option('type', typeFlag('what a checkpoint folder or a Hugging Face model is, or would be, converted to'))
      .option('json', JSON_FLAG)
      .option('verify', {
        type: 'boolean',
        default: false,
        describe: 'read all tensors and compare them with the hash that was written with them',
      }),
  handler: async ({ model, type, json, verify }) => {
    const [{ inspectModel }, { verifyModel }, { formatReport }, { runTask }] = await Promise.all([
      import('../../models/inspect-model.js'),
      import('../../models/verify.js'),
      import('../inspect-text.js'),
      import('../task.js'),
    ]);
    const report = await runTask(({ signal, update }) => inspectModel(model, { type, signal, onProgress: update }));
    if (json) printJson(report);
    else printLines(formatReport(report));
    if (!verify) return;
    const { path } = report;
    if (report.planned)
      throw new InformError(
        'INFORM_INVALID_ARGUMENT',
        `--verify reads the tensors of a file, and ${path} is not one yet. Fetch or convert it first.`,
      );
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
