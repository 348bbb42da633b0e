import type { CommandModule } from 'yargs';
import type { Finish } from '../finish.js';

interface MergeArguments {
  shards: string[];
  output: string;
  overwrite: boolean;
}

/** `inform-score merge shard-1.jsonl shard-2.jsonl -o scores.jsonl` */
export function mergeCommand(finish: Finish): CommandModule<object, MergeArguments> {
  return {
    command: 'merge <shards..>',
    describe: 'put the outputs of "score --shard" together, checked to fit and to be complete',
    builder: (argv) =>
      argv
        .positional('shards', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'the outputs of all shards, in any order; each needs its .journal beside it',
        })
        .option('output', {
          alias: 'o',
          type: 'string',
          requiresArg: true,
          demandOption: true,
          describe: 'file for the scores, as one run over all rows would have made it',
        })
        .option('overwrite', { type: 'boolean', default: false, describe: 'replace an existing output' }),
    handler: async ({ shards, output, overwrite }) => {
      const { runMerge } = await import('../run-merge.js');
      finish(await runMerge(shards, output, { overwrite }));
    },
  };
}
