import type { Argv, CommandModule } from 'yargs';
import type { BENCHMARKS, Evaluation } from '../../evaluate/evaluate.js';
import { InformError } from '../../errors.js';
import type { PartialOptions } from '../../options/merge.js';
import type { EngineProcess } from '../../supervisor/engine-process.js';
import { ExitCode } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { belongsToModel, optionFlags, optionsFromFlags } from '../option-flags.js';
import { OUT, outputOption, outputOf, type OutputArguments } from '../output-argument.js';
import { scoringFlags, scoringSettings, type ScoringArguments } from '../scoring-command.js';
import { printJson, printLines, say } from '../terminal.js';
import type { Task } from '../task.js';

interface EvaluateArguments extends ScoringArguments, OutputArguments {
  benchmark: (typeof BENCHMARKS)[number];
  data: string;
  scores: string | undefined;
  by: string | undefined;
  as: 'rewardbench' | undefined;
  [flag: string]: unknown;
}

/** `inform-score evaluate rewardbench filtered.parquet -m model.gguf -o results.json` */
export function evaluateCommand(finish: Finish): CommandModule<object, EvaluateArguments> {
  return {
    command: 'evaluate <benchmark> <data> [out]',
    describe: 'measure how often a model scores the right answer best: RewardBench, RewardBench 2, pairs of your own',
    builder: (argv) =>
      argv
        .positional('benchmark', {
          choices: ['rewardbench', 'rewardbench2', 'pairs'] as const,
          demandOption: true,
          describe:
            'rewardbench and rewardbench2 are allenai/reward-bench and reward-bench-2; pairs is any file with such rows',
        })
        .positional('data', {
          type: 'string',
          demandOption: true,
          describe:
            'rows with prompt, chosen and rejected (each a text, or a list), and subset: a file, or hf://datasets/OWNER/NAME/SPLIT',
        })
        .positional('out', OUT)
        .option(
          'output',
          outputOption('file for the results, as allenai has them; the scores go beside it, as NAME.scores.jsonl'),
        )
        .options(optionFlags(belongsToModel))
        .option('scores', {
          type: 'string',
          requiresArg: true,
          describe: 'scores that the rows have already, in place of a model',
        })
        .option('by', {
          type: 'string',
          requiresArg: true,
          describe: 'with pairs: the field to group by (default: subset, where there is one)',
        })
        .option('as', {
          choices: ['rewardbench'] as const,
          describe: "cut and begin prompts as allenai's programs do: at 2048 tokens, and with a second BOS",
        })
        .options(scoringFlags('evaluation')) as unknown as Argv<EvaluateArguments>,
    handler: async (argv) => {
      if (argv.by !== undefined && argv.benchmark !== 'pairs') {
        throw new InformError(
          'INFORM_INVALID_ARGUMENT',
          `--by is for pairs; ${argv.benchmark} has subsets of its own.`,
        );
      }
      finish(argv.scores === undefined ? await withModel(argv) : await withScores(argv, argv.scores));
    },
  };
}

async function withScores(argv: EvaluateArguments, scores: string): Promise<number> {
  const { overwrite, restart, config, as } = argv;
  if (
    Object.keys(optionsFromFlags(argv)).length > 0 ||
    argv.out !== undefined ||
    overwrite ||
    restart ||
    config !== undefined ||
    as !== undefined
  ) {
    throw new InformError(
      'INFORM_INVALID_ARGUMENT',
      '--scores takes the place of a model, its options and its output; leave them out, or --scores.',
    );
  }
  const [{ evaluateScores }, { runTask }, { confirmOnTerminal }] = await Promise.all([
    import('../../evaluate/evaluate.js'),
    import('../task.js'),
    import('../confirm.js'),
  ]);
  const evaluation = await runTask((task) => {
    const { signal, clear } = task;
    const confirm = confirmOnTerminal({ yes: argv.yes, signal, beforeAsking: clear });
    return evaluateScores(argv, scores, { confirm, signal, reporter: task });
  });
  await print(evaluation, `Scores: ${scores}`, argv.json);
  return codeOf(evaluation);
}

async function withModel(argv: EvaluateArguments): Promise<number> {
  const output = outputOf(argv);
  if (output === undefined) {
    throw new InformError(
      'INFORM_INVALID_ARGUMENT',
      'Name a file for the results with -o, which also makes the evaluation resumable; or --scores for scores that are there.',
    );
  }
  const { runEngineTask } = await import('../engine-task.js');
  return runEngineTask((engine, task) => evaluate(engine, task, argv, output));
}

async function evaluate(engine: EngineProcess, task: Task, argv: EvaluateArguments, output: string): Promise<number> {
  const [{ mergeOptions }, { evaluateModel }] = await Promise.all([
    import('../../options/merge.js'),
    import('../../evaluate/evaluate.js'),
  ]);
  const { configured, settings } = await scoringSettings(argv, task);
  const fixed = argv.as === undefined ? {} : conventionOf(argv);
  const options = mergeOptions(configured, optionsFromFlags({ ...argv, output: undefined }), fixed);
  const { evaluation, outcome, scores } = await evaluateModel(argv, {
    options,
    settings,
    context: { engine, signal: task.signal, reporter: task },
    output,
  });
  const { stats, maxLength } = outcome;
  const cut = stats.truncated === 0 ? 'none was longer' : `${stats.truncated} of the rows have answers that were cut`;
  task.clear();
  const convention = argv.as === undefined ? 'our convention' : "allenai's convention (--as rewardbench)";
  await print(
    evaluation,
    `Model: ${options.model ?? ''}; ${convention}: at most ${maxLength} tokens, ${cut}`,
    argv.json,
  );
  say(`Results: ${output}; the scores: ${scores}`);
  return codeOf(evaluation);
}

/** How allenai's run_rm.py (RewardBench) and run_v2.py (RewardBench 2) make tokens of a rendered conversation. */
function conventionOf(argv: EvaluateArguments): PartialOptions {
  const { benchmark } = argv;
  if (benchmark === 'pairs') {
    throw new InformError('INFORM_INVALID_ARGUMENT', '--as rewardbench is for rewardbench and rewardbench2.');
  }
  for (const flag of ['max-length', 'truncation-side', 'bos']) {
    if (argv[flag] === undefined) continue;
    throw new InformError(
      'INFORM_INVALID_ARGUMENT',
      `--as rewardbench decides about --${flag}; leave one of them out.`,
    );
  }
  return { maxLength: 2048, bos: 'always', ...(benchmark === 'rewardbench' ? { truncationSide: 'left' } : {}) };
}

async function print(evaluation: Evaluation, how: string, json: boolean): Promise<void> {
  const { formatEvaluation } = await import('../evaluate-text.js');
  if (json) printJson(evaluation);
  else printLines(formatEvaluation(evaluation, how));
}

function codeOf({ withoutScore }: Evaluation): number {
  return withoutScore > 0 ? ExitCode.someRejected : ExitCode.done;
}
