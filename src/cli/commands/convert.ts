import type { CommandModule } from 'yargs';
import type { WantedType } from '../../gguf/model-types.js';
import { formatBytes } from '../../util/format.js';
import { parseSize } from '../../util/parse-size.js';
import { bytesStatus } from '../../util/progress-status.js';
import { InformError } from '../../errors.js';
import { OUT, outputOption, requiredOutput, type OutputArguments } from '../output-argument.js';
import { OVERWRITE, typeFlag } from '../shared-flags.js';
import { runTask } from '../task.js';

const USAGE = 'convert <checkpoint> [out]';

interface ConvertArguments extends OutputArguments {
  checkpoint: string;
  type: WantedType;
  'split-max-size'?: string | undefined;
  'chat-template'?: string | undefined;
  'reward-token'?: number | undefined;
  base?: string | undefined;
  overwrite: boolean;
}

/** `inform-score convert CHECKPOINT -o model.gguf` */
export const convertCommand: CommandModule<object, ConvertArguments> = {
  command: USAGE,
  describe: 'make a GGUF with its score head out of a Hugging Face checkpoint folder',
  builder: (argv) =>
    argv
      .positional('checkpoint', { type: 'string', demandOption: true, describe: 'the folder with config.json' })
      .positional('out', OUT)
      .option('output', outputOption('the GGUF file to write'))
      .option('type', typeFlag("the matrices' type; auto is what suits the model's size"))
      .option('split-max-size', {
        type: 'string',
        requiresArg: true,
        describe: 'write several files of at most this size, such as 48G or 500M, where one would be larger',
      })
      .option('chat-template', {
        type: 'string',
        requiresArg: true,
        describe: "a Jinja file that the GGUF gets in place of the checkpoint's own chat template",
      })
      .option('reward-token', {
        type: 'number',
        requiresArg: true,
        describe:
          'of a language model: the id of the token whose logit is the reward, behind the last token of the text',
      })
      .option('base', {
        type: 'string',
        requiresArg: true,
        conflicts: 'reward-token',
        describe: 'of a PEFT adapter (LoRA): the checkpoint folder of the model that it changes',
      })
      .option('overwrite', OVERWRITE),
  handler: async ({
    checkpoint,
    type: wanted,
    'split-max-size': splitMaxSize,
    'chat-template': templateFile,
    'reward-token': rewardToken,
    base,
    overwrite,
    ...named
  }) => {
    const output = requiredOutput(named, USAGE);
    const { readTemplateFile } = await import('../../models/template-file.js');
    const { convertCheckpoint } = await import('../../convert/convert.js');
    const { openAdapter } = await import('../../convert/adapter.js');
    const splitMaxBytes = splitMaxSize === undefined ? undefined : parseSize(splitMaxSize, '--split-max-size');
    const chatTemplate = templateFile === undefined ? undefined : await readTemplateFile(templateFile);
    await runTask(async ({ signal, update, note }) => {
      const from = base === undefined ? checkpoint : await openAdapter(checkpoint, base, { chatTemplate });
      const { paths, bytes, type, notes } = await convertCheckpoint(from, output, {
        type: wanted,
        splitMaxBytes,
        chatTemplate,
        rewardToken: rewardToken === undefined ? undefined : checkedToken(rewardToken),
        overwrite,
        signal,
        onProgress: ({ bytesDone, totalBytes }) => {
          update(bytesStatus('Converting', bytesDone, totalBytes));
        },
      });
      for (const text of notes) note(`Note: ${text}`);
      const [first = output] = paths;
      const names = paths.length === 1 ? first : `${paths.length} files from ${first} on`;
      note(`Converted ${checkpoint} to ${names} (${type}, ${formatBytes(bytes)})`);
    });
  },
};

function checkedToken(id: number): number {
  if (Number.isInteger(id) && id >= 0) return id;
  throw new InformError('INFORM_INVALID_CONFIG', `--reward-token must be the id of a token, 0 or more, not ${id}.`);
}
