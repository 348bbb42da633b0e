import type { CommandModule } from 'yargs';
import { checkNewFile } from '../../util/files/new-file.js';
import { ExitCode } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { numberOf } from '../numbers.js';
import { OUT, outputOption, outputOf, type OutputArguments } from '../output-argument.js';
import { JSON_FLAG, OVERWRITE } from '../shared-flags.js';
import { printJson, printLines, say } from '../terminal.js';

interface CompareArguments extends OutputArguments {
  first: string;
  second: string;
  data: string | undefined;
  threshold: string | undefined;
  json: boolean;
  overwrite: boolean;
  'max-deviation': string | undefined;
  'min-spearman': string | undefined;
  'max-flips': string | undefined;
}

/** `inform-score compare a.jsonl b.jsonl` */
export function compareCommand(finish: Finish): CommandModule<object, CompareArguments> {
  return {
    command: 'compare <first> <second> [out]',
    describe: 'say how far two files of scores of the same rows are apart, and whether it changes what is kept',
    builder: (argv) =>
      argv
        .positional('first', { type: 'string', demandOption: true, describe: 'results of score, or reference scores' })
        .positional('second', { type: 'string', demandOption: true, describe: 'others of the same rows, by their ids' })
        .positional('out', OUT)
        .option('output', outputOption('the same as a page with a scatter plot, one HTML file that loads nothing'))
        .option('data', value('the rows that were scored, for the texts of those that differ most'))
        .option('threshold', value('from which score on rows are kept (default: those that keep 5, 10, 20 and 50 %)'))
        .option('json', JSON_FLAG)
        .option('overwrite', OVERWRITE)
        .option('max-deviation', value('fail (exit code 1) where any two scores are further apart'))
        .option('min-spearman', value("fail where Spearman's correlation is lower"))
        .option('max-flips', value('fail where more rows (12), or a larger share (0.5%), flip at a threshold')),
    handler: async (argv) => {
      const [{ compare }, { failedChecks, parseAtMost }, { formatComparison }] = await Promise.all([
        import('../../compare/compare.js'),
        import('../../compare/checks.js'),
        import('../compare-text.js'),
      ]);
      const { first: a, second: b, data, json } = argv;
      const checks = {
        maxDeviation: numberOf('--max-deviation', argv['max-deviation']),
        minSpearman: numberOf('--min-spearman', argv['min-spearman']),
        maxFlips: argv['max-flips'] === undefined ? undefined : parseAtMost(argv['max-flips']),
      };
      const { overwrite } = argv;
      const output = outputOf(argv);
      if (overwrite && output === undefined) say('--overwrite has no effect without a page: name one with -o.');
      if (output !== undefined) await checkNewFile(output, data === undefined ? [a, b] : [a, b, data], overwrite);
      const comparison = await compare({ a, b, data, threshold: numberOf('--threshold', argv.threshold) });
      if (output !== undefined) {
        // The plotting library is loaded only for a page.
        const { writePage } = await import('../../compare/write-page.js');
        await writePage(output, comparison);
      }
      const failed = failedChecks(comparison, checks);
      if (json) printJson({ ...comparison, scores: undefined, failed });
      else printLines(formatComparison(comparison));
      for (const what of failed) say(`inform-score: the check failed: ${what}.`);
      if (failed.length > 0) finish(ExitCode.failed);
    },
  };
}

function value(describe: string) {
  return { type: 'string', requiresArg: true, describe } as const;
}
