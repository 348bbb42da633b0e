import type { Argv, CommandModule } from 'yargs';
import { numberOf, sampleOf } from '../numbers.js';
import { belongsToModel, optionFlags, optionsFromFlags } from '../option-flags.js';
import { OUT, outputOption, requiredOutput, type OutputArguments } from '../output-argument.js';
import { scoringFlags, scoringSettings, type ScoringArguments } from '../scoring-command.js';
import { sampleFlag } from '../shared-flags.js';
import type { Task } from '../task.js';
import { printJson, printLines, say } from '../terminal.js';

const USAGE = 'card <model> <data> [out]';

interface CardArguments extends ScoringArguments, OutputArguments {
  model: string;
  data: string;
  against: string;
  sample: string;
  threshold: string | undefined;
  [flag: string]: unknown;
}

/** `inform-score card q4_k_m.gguf rows.jsonl --against f16.gguf -o card.html` */
export const cardCommand: CommandModule<object, CardArguments> = {
  command: USAGE,
  describe: 'one page about a quantized model: right answers, distance from the original, rows that change',
  builder: (argv) =>
    argv
      .positional('model', { type: 'string', demandOption: true, describe: 'the model, as for -m' })
      .positional('data', { type: 'string', demandOption: true, describe: 'rows of yours to score, as for score' })
      .positional('out', OUT)
      .option('output', outputOption('the page; the same as JSON and the scores go beside it'))
      .option('against', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'the model that it was made of, such as its f16',
      })
      .options(optionFlags((spec) => belongsToModel(spec) && spec.key !== 'model'))
      .option('sample', sampleFlag('500'))
      .option('threshold', {
        type: 'string',
        requiresArg: true,
        describe: 'from which score on rows are kept (default: the best fifth of each model)',
      })
      .options(scoringFlags('card')) as unknown as Argv<CardArguments>,
  handler: async (argv) => {
    const { runTask } = await import('../task.js');
    const output = requiredOutput(argv, USAGE);
    await runTask((task) => run(task, argv, output));
  },
};

async function run(task: Task, argv: CardArguments, output: string): Promise<void> {
  const [{ mergeOptions }, { writeCard }, { cardText }] = await Promise.all([
    import('../../options/merge.js'),
    import('../../evaluate/write-card.js'),
    import('../../evaluate/card-page.js'),
  ]);
  const { model, data, against, json } = argv;
  const { signal, clear } = task;
  const { configured, settings } = await scoringSettings(argv, task);
  const { card, files } = await writeCard({
    ...{ model, data, against, output, signal },
    sample: sampleOf(argv.sample),
    threshold: numberOf('--threshold', argv.threshold),
    options: mergeOptions(configured, optionsFromFlags({ ...argv, output: undefined, model: undefined })),
    settings,
    reporter: task,
  });
  clear();
  if (json) printJson({ ...card, scores: undefined });
  else printLines(cardText(card));
  say(`Card: ${files.join(', ')}`);
}
