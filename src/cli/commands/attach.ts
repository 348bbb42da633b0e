import type { CommandModule } from 'yargs';
import { formatBytes } from '../../util/format.js';
import { bytesStatus } from '../../util/progress-status.js';
import { OUT, outputOption, requiredOutput, type OutputArguments } from '../output-argument.js';
import { OVERWRITE } from '../shared-flags.js';
import { runTask } from '../task.js';

const USAGE = 'attach <backbone> [out]';

interface AttachArguments extends OutputArguments {
  backbone: string;
  head: string;
  overwrite: boolean;
}

/** `inform-score attach backbone.gguf --head CHECKPOINT -o model.gguf` */
export const attachCommand: CommandModule<object, AttachArguments> = {
  command: USAGE,
  describe: 'give a GGUF that was converted without its score head that head back',
  builder: (argv) =>
    argv
      .positional('backbone', {
        type: 'string',
        demandOption: true,
        describe: 'the GGUF file without a head, or the first shard of a split one',
      })
      .positional('out', OUT)
      .option('output', outputOption('the GGUF file to write'))
      .option('head', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe:
          'a Hugging Face checkpoint folder, of which only config.json, the index and the shard with the head need be there, or a GGUF with the head',
      })
      .option('overwrite', OVERWRITE),
  handler: async ({ backbone, head, overwrite, ...named }) => {
    const output = requiredOutput(named, USAGE);
    const { attachHead } = await import('../../head/attach.js');
    await runTask(async ({ signal, update, note }) => {
      const { outputBytes, differentNames, differences } = await attachHead(backbone, head, output, {
        overwrite,
        signal,
        onProgress: ({ bytesWritten, totalBytes }) => {
          update(bytesStatus('Copying', bytesWritten, totalBytes));
        },
      });
      if (differentNames !== undefined) {
        note(
          `Warning: the backbone is called ${JSON.stringify(differentNames.backbone)} and the head's model ${JSON.stringify(differentNames.head)}. A head scores only with the backbone that it was trained with.`,
        );
      }
      for (const difference of differences) note(`Warning: ${difference}`);
      note(`Attached the score head of ${head} to ${backbone} as ${output} (${formatBytes(outputBytes)})`);
    });
  },
};
