import type { Argv, CommandModule } from 'yargs';
import { numberOf, sampleOf } from '../numbers.js';
import { belongsToModel, optionFlags, optionsFromFlags } from '../option-flags.js';
import { OUT, outputOption, requiredOutput, type OutputArguments } from '../output-argument.js';
import { scoringFlags, scoringSettings, type ScoringArguments } from '../scoring-command.js';
import { sampleFlag } from '../shared-flags.js';
import type { Task } from '../task.js';
import { printJson, printLines, say } from '../terminal.js';

const USAGE = 'compare-models <first> <second> <data> [out]';

interface CompareModelsArguments extends ScoringArguments, OutputArguments {
  first: string;
  second: string;
  data: string;
  sample: string;
  threshold: string | undefined;
  [flag: string]: unknown;
}

/** `inform-score compare-models f16.gguf q4_k_m.gguf rows.jsonl -o page.html` */
export const compareModelsCommand: CommandModule<object, CompareModelsArguments> = {
  command: USAGE,
  describe: 'score some rows with two models and compare the scores: what did quantization change',
  builder: (argv) =>
    argv
      .positional('first', { type: 'string', demandOption: true, describe: 'a model, as for -m; the one of more bits' })
      .positional('second', { type: 'string', demandOption: true, describe: 'another model' })
      .positional('data', { type: 'string', demandOption: true, describe: 'rows to score, as for score' })
      .positional('out', OUT)
      .option('output', outputOption('the comparison as a page; the scores go beside it'))
      .options(optionFlags((spec) => belongsToModel(spec) && spec.key !== 'model'))
      .option('sample', sampleFlag('500'))
      .option('threshold', { type: 'string', requiresArg: true, describe: 'from which score on rows are kept' })
      .options(scoringFlags('comparison')) as unknown as Argv<CompareModelsArguments>,
  handler: async (argv) => {
    const { runTask } = await import('../task.js');
    const output = requiredOutput(argv, USAGE);
    await runTask((task) => run(task, argv, output));
  },
};

async function run(task: Task, argv: CompareModelsArguments, output: string): Promise<void> {
  const [{ mergeOptions }, { compareModels }, { formatComparison }] = await Promise.all([
    import('../../options/merge.js'),
    import('../../evaluate/compare-models.js'),
    import('../compare-text.js'),
  ]);
  const { first, second, data, json } = argv;
  const { signal, clear } = task;
  const { configured, settings } = await scoringSettings(argv, task);
  const { comparison, scores } = await compareModels({
    ...{ first, second, data, output, signal },
    sample: sampleOf(argv.sample),
    threshold: numberOf('--threshold', argv.threshold),
    options: mergeOptions(configured, optionsFromFlags({ ...argv, output: undefined })),
    settings,
    reporter: task,
  });
  clear();
  if (json) printJson({ ...comparison, scores: undefined });
  else printLines(formatComparison(comparison));
  say(`Page: ${output}; the scores: ${scores.join(', ')}`);
}
