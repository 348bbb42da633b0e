import type { Argv, CommandModule } from 'yargs';
import { InformError } from '../../errors.js';
import { isFolder } from '../../util/files/is-folder.js';
import { counted, formatCount } from '../../util/format.js';
import { ExitCode } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { requiredOutputOption } from '../output-argument.js';
import { OVERWRITE, REJECTS_OK } from '../shared-flags.js';
import { say } from '../terminal.js';

interface MergeArguments {
  shards: string[];
  output: string;
  overwrite: boolean;
  partial: boolean;
  rejectsOk: boolean;
}

/** `inform-score merge shard-1.jsonl shard-2.jsonl -o scores.jsonl`, or `inform-score merge RUN_DIR -o scores.jsonl` */
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
          describe:
            'the folder of "score --run-dir"; or the outputs of all shards, in any order, each with its .journal beside it',
        })
        .option('output', requiredOutputOption('file for the scores, as one run over all rows would have made it'))
        .option('overwrite', OVERWRITE)
        .option('partial', {
          type: 'boolean',
          default: false,
          describe: 'of a folder: take as many rows as are done, and leave the others out',
        })
        .option('rejects-ok', REJECTS_OK) as unknown as Argv<MergeArguments>,
    handler: async (argv) => {
      const { what, rejected } = await merge(argv);
      say(what);
      if (rejected > 0 && !argv.rejectsOk) finish(ExitCode.someRejected);
    },
  };
}

async function merge({
  shards,
  output,
  overwrite,
  partial,
}: MergeArguments): Promise<{ what: string; rejected: number }> {
  const { mergeOutputs, mergeRun } = await import('../../run/merge.js');
  const [first = ''] = shards;
  const isRun = await isFolder(first);
  if (!isRun && partial) {
    throw new InformError('INFORM_INVALID_CONFIG', '--partial is for the folder of a run with --run-dir.');
  }
  if (isRun && shards.length > 1) {
    throw new InformError('INFORM_INVALID_CONFIG', `${first} is the folder of a run, and a run is merged alone.`);
  }
  if (!isRun) {
    const { scored, rejected, rejectsPath } = await mergeOutputs(shards, output, { overwrite });
    return {
      what: `Merged ${shards.length} shards into ${output}: ${resultText(scored, rejected, rejectsPath)}`,
      rejected,
    };
  }
  const { scored, rejected, rejectsPath, of, rows } = await mergeRun(first, output, { overwrite, partial });
  const left = rows - scored - rejected;
  const rest = left > 0 ? `; ${counted(left, 'row')} not done yet` : '';
  return { what: `Merged ${of} shards into ${output}: ${resultText(scored, rejected, rejectsPath)}${rest}`, rejected };
}

function resultText(scored: number, rejected: number, rejectsPath: string): string {
  const rejects = rejected === 0 ? '' : `, ${formatCount(rejected)} rejected, see ${rejectsPath}`;
  return `${counted(scored, 'score')}${rejects}`;
}
