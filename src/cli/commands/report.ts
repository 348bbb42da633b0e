import type { CommandModule } from 'yargs';
import { counted } from '../../util/format.js';
import { MAP_FLAG, mapFrom } from '../map-flag.js';
import { requiredOutputOption } from '../output-argument.js';
import { OVERWRITE } from '../shared-flags.js';
import { say } from '../terminal.js';

interface ReportArguments {
  scores: string[];
  data: string | undefined;
  by: string | undefined;
  map: string | undefined;
  log: string | undefined;
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
      .option('map', MAP_FLAG)
      .option('log', {
        type: 'string',
        requiresArg: true,
        describe: 'the log of the run, for the rows that were longer than max_length and cut',
      })
      .option('output', requiredOutputOption('the page, one HTML file that loads nothing'))
      .option('overwrite', OVERWRITE),
  handler: async ({ scores, data, by, map, log, output, overwrite }) => {
    const { report } = await import('../../report/report.js');
    const { rows } = await report({ scores, data, by, map: mapFrom(map), log, output, overwrite });
    say(`${output}: ${counted(rows, 'score')}`);
  },
};
