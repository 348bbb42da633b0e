import type { Argv, CommandModule } from 'yargs';
import type { EngineProcess } from '../../supervisor/engine-process.js';
import type { Finish } from '../finish.js';
import type { PartialOptions } from '../../options/config.js';
import type { RunOptions } from '../../options/table.js';
import type { RunOutcome } from '../../run/score-run.js';
import { ExitCode } from '../exit-codes.js';
import { optionFlags, optionsFromFlags } from '../option-flags.js';
import { CONFIG, OVERWRITE, restartFlag, YES } from '../shared-flags.js';
import type { Task } from '../task.js';
import { sayLines } from '../terminal.js';

const PROGRESS_MODES = ['auto', 'bar', 'plain', 'none'] as const;

interface ScoreArguments {
  inputs?: string[];
  config?: string;
  overwrite: boolean;
  restart: boolean;
  followAppended: boolean;
  shard?: string;
  shards?: number;
  progress: (typeof PROGRESS_MODES)[number];
  log?: string;
  verbose: boolean;
  stats: boolean;
  yes: boolean;
  [flag: string]: unknown;
}

/** `inform-score [score] <inputs..>`, the default command. */
export function scoreCommand(finish: Finish): CommandModule<object, ScoreArguments> {
  return {
    command: ['score [inputs..]', '$0'],
    describe: 'score the samples of files, or of standard input',
    builder: (argv) =>
      argv
        .positional('inputs', {
          type: 'string',
          array: true,
          describe:
            'files of samples, folders, patterns or hf://datasets/…: JSON, CSV, Parquet, also .gz, .zst, .xz; "-" is standard input',
        })
        .option('config', CONFIG)
        .options(optionFlags())
        .option('overwrite', OVERWRITE)
        .option('restart', restartFlag('run'))
        .option('follow-appended', {
          type: 'boolean',
          default: false,
          describe: 'score what was added at the end of an input whose rows before are scored already',
        })
        .option('shard', {
          type: 'string',
          requiresArg: true,
          describe:
            'score the i-th of n parts of the rows, as i/n, or auto in an array job; "inform-score merge" puts the parts together',
        })
        .option('shards', {
          type: 'number',
          requiresArg: true,
          describe:
            'how many parts --shard auto has, where the scheduler does not say it, or the array is a part of one',
        })
        .option('progress', {
          choices: PROGRESS_MODES,
          default: 'auto' as const,
          describe: 'how progress is shown on standard error',
        })
        .option('log', {
          type: 'string',
          requiresArg: true,
          describe:
            "file for the run's log: its options, every truncated and rejected sample, the summary (JSON Lines)",
        })
        .option('verbose', {
          type: 'boolean',
          default: false,
          describe: "print llama.cpp's log on standard error",
        })
        .option('stats', {
          type: 'boolean',
          default: false,
          describe: 'print what was computed, and where the time went, after the summary',
        })
        .option('yes', YES) as unknown as Argv<ScoreArguments>,
    handler: async (argv) => {
      // Loaded here, so that --help needs neither the engine nor the readers. The engine's process first: it starts meanwhile.
      const [{ EngineProcess }, { runTask }, { Progress }] = await Promise.all([
        import('../../supervisor/engine-process.js'),
        import('../task.js'),
        import('../terminal-progress.js'),
      ]);
      const engine = EngineProcess.start();
      try {
        finish(await runTask((task) => score(engine, task, argv), new Progress({ mode: argv.progress })));
      } finally {
        await engine.kill();
      }
    },
  };
}

/** Resolves to the exit code. */
async function score(engine: EngineProcess, task: Task, argv: ScoreArguments): Promise<number> {
  const { readAnyConfig } = await import('../../options/config.js');
  const configured = argv.config === undefined ? {} : await readAnyConfig(argv.config, task.signal);
  if (!('runs' in configured)) return scoreOnce(engine, task, argv, configured);
  const [{ scoreByToolkit }, { EngineProcess }] = await Promise.all([
    import('../toolkit-runs.js'),
    import('../../supervisor/engine-process.js'),
  ]);
  return scoreByToolkit(configured, argv['output'], task.note, async (options, restart) => {
    const own = EngineProcess.start();
    try {
      return await scoreOnce(own, task, { ...argv, overwrite: true, restart: restart || argv.restart }, options);
    } finally {
      await own.kill();
    }
  });
}

/** One run, with what a configuration says under what the flags say. */
async function scoreOnce(
  engine: EngineProcess,
  task: Task,
  argv: ScoreArguments,
  configured: PartialOptions,
): Promise<number> {
  const [{ mergeOptions }, { scoreFiles }, { shardNamed }, { resumeCommand }, { confirmOnTerminal }] =
    await Promise.all([
      import('../../options/config.js'),
      import('../../run/score-run.js'),
      import('../../run/shards/array-task.js'),
      import('../resume-command.js'),
      import('../confirm.js'),
    ]);
  const inputs = argv.inputs && argv.inputs.length > 0 ? { input: argv.inputs } : {};
  const options = mergeOptions(configured, optionsFromFlags(argv), inputs);
  const { overwrite, restart, followAppended, log, verbose, stats, yes, config } = argv;
  const { signal, clear } = task;
  const settings = {
    ...{ overwrite, restart, followAppended, log, verbose, config },
    shard: shardNamed(argv.shard, argv.shards, process.env),
    confirm: confirmOnTerminal({ yes, signal, beforeAsking: clear }),
    resumeCommand: resumeCommand(process.argv),
  };
  const outcome = await scoreFiles(options, settings, { engine, signal, reporter: task });
  if (!outcome.readerGone) await report(options, outcome, stats);
  return outcome.stats.rejected > 0 ? ExitCode.someRejected : ExitCode.done;
}

async function report(options: RunOptions, outcome: RunOutcome, withStats: boolean): Promise<void> {
  const [{ formatSummary }, { formatStats }] = await Promise.all([
    import('../summary-text.js'),
    import('../stats-text.js'),
  ]);
  const { stats, pipeline, seconds, maxLength, modelPath, rejectsPath } = outcome;
  const { model: name = '', type, output } = options;
  // The conversion of a folder or of a repository lies elsewhere.
  const model = modelPath === undefined ? undefined : `${name}${type === 'auto' ? '' : ` as ${type}`}: ${modelPath}`;
  sayLines(formatSummary(stats, { seconds, maxLength, output, rejects: rejectsPath, model }));
  if (withStats) sayLines(formatStats(pipeline));
}
