import type { CommandModule } from 'yargs';
import { CONVERSION_TYPES, type ConversionType } from '../../convert/tensor-types.js';

interface PullArguments {
  model: string;
  revision: string | undefined;
  type: ConversionType;
  'delete-shards': boolean;
  yes: boolean;
}

/** `inform-score pull infly/INF-ORM-Llama3.1-70B` */
export function pullCommand(): CommandModule<object, PullArguments> {
  return {
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
        .option('type', {
          choices: CONVERSION_TYPES,
          default: 'q4_k_m' as const,
          describe: 'what a checkpoint is converted to, or which GGUF file of a repository is taken',
        })
        .option('delete-shards', {
          type: 'boolean',
          default: false,
          describe: 'convert the checkpoint shard by shard, and delete each shard after that',
        })
        .option('yes', { type: 'boolean', default: false, describe: 'download more than 5 GB without asking' }),
    handler: async ({ model, revision, type, 'delete-shards': deleteShards, yes }) => {
      const { runPull } = await import('../run-pull.js');
      await runPull(model, { revision, type, deleteShards, yes });
    },
  };
}
