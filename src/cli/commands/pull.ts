import type { CommandModule } from 'yargs';
import type { WantedType } from '../../gguf/model-types.js';
import { formatBytes } from '../../util/format.js';
import { typeFlag, YES } from '../shared-flags.js';
import { runTask } from '../task.js';
import { printLines, say } from '../terminal.js';

interface PullArguments {
  model: string;
  revision: string | undefined;
  type: WantedType;
  'delete-shards': boolean;
  yes: boolean;
}

/** `inform-score pull infly/INF-ORM-Llama3.1-70B`: prints the path of the GGUF file that is ready. */
export const pullCommand: CommandModule<object, PullArguments> = {
  command: 'pull <model>',
  describe: 'download a model from the Hugging Face hub and convert it, ahead of time',
  builder: (argv) =>
    argv
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe: 'its id, such as infly/INF-ORM-Llama3.1-70B',
      })
      .option('revision', {
        type: 'string',
        requiresArg: true,
        describe: 'a branch, a tag or a commit (default main)',
      })
      .option('type', typeFlag('what a checkpoint is converted to, or which GGUF file of a repository is taken'))
      .option('delete-shards', {
        type: 'boolean',
        default: false,
        describe: 'convert the checkpoint shard by shard, and delete each shard after that',
      })
      .option('yes', YES),
  handler: async ({ model: name, revision, type, 'delete-shards': deleteShards, yes }) => {
    const [{ stat }, { confirmOnTerminal }, { formatHubId, requireHubId }, { pullModel }] = await Promise.all([
      import('node:fs/promises'),
      import('../confirm.js'),
      import('../../models/hub/hub-id.js'),
      import('../../models/hub/pull.js'),
    ]);
    const id = requireHubId(name, revision);
    const path = await runTask(({ signal, update, note, clear }) =>
      pullModel(id, {
        type,
        deleteShards,
        signal,
        confirm: confirmOnTerminal({ yes, signal, beforeAsking: clear }),
        onProgress: update,
        onNote: note,
      }),
    );
    const { size } = await stat(path);
    const model = formatHubId(id);
    say(`${model} is ready (${formatBytes(size)}). Score with: -m ${model}${type === 'auto' ? '' : ` --type ${type}`}`);
    printLines(`${path}\n`);
  },
};
