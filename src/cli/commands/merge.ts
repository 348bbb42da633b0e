import type { CommandModule } from 'yargs';
import { counted, formatCount } from '../../util/format.js';
import { ExitCode } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { outputFlag, OVERWRITE } from '../shared-flags.js';
import { say } from '../terminal.js';

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
        .option('output', outputFlag('file for the scores, as one run over all rows would have made it'))
        .option('overwrite', OVERWRITE),
    handler: async ({ shards, output, overwrite }) => {
      const { mergeOutputs } = await import('../../run/merge.js');
      const { scored, rejected, rejectsPath } = await mergeOutputs(shards, output, { overwrite });
      const rejects = rejected === 0 ? '' : `, ${formatCount(rejected)} rejected, see ${rejectsPath}`;
      say(`Merged ${shards.length} shards into ${output}: ${counted(scored, 'score')}${rejects}`);
      if (rejected > 0) finish(ExitCode.someRejected);
    },
  };
}
