import type { CommandModule } from 'yargs';
import { counted } from '../../util/format.js';
import { outputFlag, OVERWRITE } from '../shared-flags.js';
import { say } from '../terminal.js';

interface ReportArguments {
  scores: string[];
  data: string | undefined;
  by: string | undefined;
  output: string;
  overwrite: boolean;
}

/** `inform-score report scores.jsonl --data data.jsonl -o report.html` */
export const reportCommand: CommandModule<object, ReportArguments> = {
  command: 'report <scores..>',
  describe: 'show scores on a page: distribution, length, sources, examples, where to cut',
  builder: (argv) =>
    argv
      .positional('scores', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'results of score; the first is shown in full, others beside it',
      })
      .option('data', {
        type: 'string',
        requiresArg: true,
        describe: 'the rows that were scored, for lengths, sources and examples',
      })
      .option('by', {
        type: 'string',
        requiresArg: true,
        describe: 'the field to group by (default: source, category, … where there is one)',
      })
      .option('output', outputFlag('the page, one HTML file that loads nothing'))
      .option('overwrite', OVERWRITE),
  handler: async ({ scores, data, by, output, overwrite }) => {
    const { report } = await import('../../report/report.js');
    const { rows } = await report({ scores, data, by, output, overwrite });
    say(`${output}: ${counted(rows, 'score')}`);
  },
};
