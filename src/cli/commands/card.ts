import type { Argv, CommandModule } from 'yargs';
import { numberOf, sampleOf } from '../numbers.js';
import { belongsToModel, optionFlags, optionsFromFlags } from '../option-flags.js';
import { CONFIG, JSON_FLAG, outputFlag, OVERWRITE, restartFlag, sampleFlag, YES } from '../shared-flags.js';
import type { Task } from '../task.js';
import { printJson, printLines, say } from '../terminal.js';

interface CardArguments {
  model: string;
  data: string;
  against: string;
  output: string;
  sample: string;
  threshold: string | undefined;
  config?: string;
  overwrite: boolean;
  restart: boolean;
  yes: boolean;
  json: boolean;
  [flag: string]: unknown;
}

/** `inform-score card q4_k_m.gguf rows.jsonl --against f16.gguf -o card.html` */
export const cardCommand: CommandModule<object, CardArguments> = {
  command: 'card <model> <data>',
  describe: 'one page about a quantized model: right answers, distance from the original, rows that change',
  builder: (argv) =>
    argv
      .positional('model', { type: 'string', demandOption: true, describe: 'the model, as for -m' })
      .positional('data', { type: 'string', demandOption: true, describe: 'rows of yours to score, as for score' })
      .option('against', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'the model that it was made of, such as its f16',
      })
      .options(optionFlags((spec) => belongsToModel(spec) && spec.key !== 'model'))
      .option('output', outputFlag('the page; the same as JSON and the scores go beside it'))
      .option('sample', sampleFlag('500'))
      .option('threshold', {
        type: 'string',
        requiresArg: true,
        describe: 'from which score on rows are kept (default: the best fifth of each model)',
      })
      .option('config', CONFIG)
      .option('json', JSON_FLAG)
      .option('overwrite', OVERWRITE)
      .option('restart', restartFlag('card'))
      .option('yes', YES)
      .example('$0 card q4_k_m.gguf pairs.jsonl --against f16.gguf -o card.html', '') as unknown as Argv<CardArguments>,
  handler: async (argv) => {
    const { runTask } = await import('../task.js');
    await runTask((task) => run(task, argv));
  },
};

async function run(task: Task, argv: CardArguments): Promise<void> {
  const [{ mergeOptions, readConfig }, { writeCard }, { cardText }, { resumeCommand }, { confirmOnTerminal }] =
    await Promise.all([
      import('../../options/config.js'),
      import('../../evaluate/write-card.js'),
      import('../../evaluate/card-page.js'),
      import('../resume-command.js'),
      import('../confirm.js'),
    ]);
  const { model, data, against, output, config, overwrite, restart, yes, json } = argv;
  const { signal, clear } = task;
  const configured = config === undefined ? {} : await readConfig(config, signal);
  const { card, files } = await writeCard({
    ...{ model, data, against, output, signal },
    sample: sampleOf(argv.sample),
    threshold: numberOf('--threshold', argv.threshold),
    options: mergeOptions(configured, optionsFromFlags({ ...argv, output: undefined, model: undefined })),
    settings: {
      ...{ overwrite, restart, config },
      confirm: confirmOnTerminal({ yes, signal, beforeAsking: clear }),
      resumeCommand: resumeCommand(process.argv),
    },
    reporter: task,
  });
  clear();
  if (json) printJson({ ...card, scores: undefined });
  else printLines(cardText(card));
  say(`Card: ${files.join(', ')}`);
}
