import type { CommandModule } from 'yargs';
import { parseRange, parseShare, type Criteria } from '../../curate/criteria.js';
import { InformError } from '../../errors.js';
import { counted, formatCount } from '../../util/format.js';
import { numberOf } from '../numbers.js';
import { MAP_FLAG, mapFrom } from '../map-flag.js';
import { OUT, outputOption, requiredOutput, type OutputArguments } from '../output-argument.js';
import { OVERWRITE } from '../shared-flags.js';
import { alignedLines } from '../table.js';
import { say, sayLines } from '../terminal.js';

const USAGE = 'select <data> [scores] [out]';

interface SelectArguments extends OutputArguments {
  data: string;
  scores: string | undefined;
  top: string | undefined;
  min: string | undefined;
  between: string | undefined;
  per: string | undefined;
  balance: string | undefined;
  'length-bias': boolean;
  dedupe: 'exact' | 'near' | undefined;
  against: string[] | undefined;
  pairs: boolean;
  margin: string | undefined;
  'best-of-n': boolean;
  map: string | undefined;
  overwrite: boolean;
}

/** `inform-score select data.jsonl scores.jsonl --top 20% -o curated.jsonl` */
export const selectCommand: CommandModule<object, SelectArguments> = {
  command: USAGE,
  describe: 'keep the best rows of a scored data set, and say why of each',
  builder: (argv) =>
    argv
      .positional('data', { type: 'string', demandOption: true, describe: 'the rows that were scored' })
      .positional('scores', { type: 'string', describe: 'their scores; without it each row has a member "score"' })
      .positional('out', OUT)
      .option('output', outputOption('file for the rows that are kept, unchanged and in their order'))
      .option('top', value('keep so many rows (5000), or a share of them (20%)'))
      .option('min', value('keep rows with this score and more'))
      .option('between', value('keep rows with scores in this range, such as 1.5,3'))
      .option('per', value('take --top of each prompt ("prompt"), or of each value of a field'))
      .option('balance', value('share --top equally among the values of a field'))
      .option('best-of-n', {
        type: 'boolean',
        default: false,
        describe: 'the best answer to each prompt: --per prompt --top 1; of a row with several answers the best alone',
      })
      .option('pairs', {
        type: 'boolean',
        default: false,
        describe: 'write the best and the worst answer to each prompt as pairs to train on (DPO)',
      })
      .option('margin', value('with --pairs: how far apart their scores must be at least (default 0)'))
      .option('length-bias', {
        type: 'boolean',
        default: false,
        describe: "rank by what the answer's length does not explain of the score",
      })
      .option('dedupe', {
        choices: ['exact', 'near'] as const,
        describe: 'of rows with the same, or nearly the same, words keep the best one',
      })
      .option('against', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'drop rows that overlap these evaluation sets (13 words in a row, or near-duplicates)',
      })
      .option('map', MAP_FLAG)
      .option('overwrite', OVERWRITE),
  handler: async (argv) => {
    const { data, scores, overwrite } = argv;
    const output = requiredOutput(argv, USAGE);
    const { select } = await import('../../curate/select.js');
    const map = mapFrom(argv.map);
    const outcome = await select({ data: [data], scores, output, overwrite, map, criteria: criteriaOf(argv) });
    const written = argv.pairs ? `${counted(outcome.written, 'pair')} from` : `${formatCount(outcome.written)} of`;
    say(`${output}: ${written} ${counted(outcome.read, 'row')}`);
    if (outcome.lengthModel !== undefined) {
      const { slope, correlation } = outcome.lengthModel;
      say(
        `Length: score and ln(1 + characters) correlate at ${correlation.toFixed(3)}; ${slope.toFixed(4)} a unit was taken away`,
      );
    }
    if (outcome.dropped.length > 0) {
      sayLines(alignedLines(outcome.dropped.map(([reason, rows]) => [`  ${formatCount(rows)}`, reason])));
    }
    say(`Why, row by row: ${outcome.decisions}; made of: ${outcome.manifest}`);
  },
};

function value(describe: string) {
  return { type: 'string', requiresArg: true, describe } as const;
}

function criteriaOf(argv: SelectArguments): Criteria {
  const { top, min, between, per, balance, dedupe, against, pairs, margin } = argv;
  const bestOfN = argv['best-of-n'];
  if (bestOfN && (top !== undefined || per !== undefined)) {
    throw new InformError('INFORM_INVALID_ARGUMENT', '--best-of-n is --per prompt --top 1; leave --per and --top out.');
  }
  if (between !== undefined && min !== undefined) {
    throw new InformError('INFORM_INVALID_ARGUMENT', '--between has a lowest score already; leave --min out.');
  }
  if (margin !== undefined && !pairs) {
    throw new InformError('INFORM_INVALID_ARGUMENT', '--margin belongs to --pairs; give both.');
  }
  return {
    ...(dedupe === undefined ? {} : { dedupe }),
    ...(against === undefined ? {} : { against }),
    ...(argv['length-bias'] ? { lengthBias: true } : {}),
    ...(min === undefined ? {} : { min: numberOf('--min', min) }),
    ...(between === undefined ? {} : parseRange(between)),
    ...(top === undefined ? {} : { top: parseShare(top) }),
    ...(bestOfN ? { top: { rows: 1 }, per: 'prompt', bestAnswer: true } : {}),
    ...(per === undefined ? {} : { per }),
    ...(balance === undefined ? {} : { balance }),
    ...(pairs ? { pairs: { margin: numberOf('--margin', margin ?? '0') } } : {}),
  };
}
