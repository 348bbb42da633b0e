import type { Argv, CommandModule } from 'yargs';
import type { EngineProcess } from '../../supervisor/engine-process.js';
import type { Finish } from '../finish.js';
import type { PartialOptions } from '../../options/config.js';
import type { RunOptions } from '../../options/table.js';
import type { RunOutcome } from '../../run/score-run.js';
import { ExitCode } from '../exit-codes.js';
import { GROUPS, optionFlags, optionsFromFlags, type HelpedFlag } from '../option-flags.js';
import { CONFIG, OVERWRITE, restartFlag, YES } from '../shared-flags.js';
import type { Task } from '../task.js';
import { sayLines } from '../terminal.js';

const PROGRESS_MODES = ['auto', 'bar', 'plain', 'none'] as const;

/** The flags of a run that are no options of a configuration. */
export const SCORE_FLAGS = {
  config: { ...CONFIG, ...GROUPS.run, usual: true, value: 'FILE' },
  overwrite: { ...OVERWRITE, ...GROUPS.data, usual: true },
  'follow-appended': {
    ...GROUPS.data,
    type: 'boolean',
    default: false,
    describe: 'score what was added at the end of an input whose rows before are scored already',
  },
  restart: { ...restartFlag('run'), ...GROUPS.run },
  shard: {
    ...GROUPS.run,
    usual: true,
    value: 'I/N',
    type: 'string',
    requiresArg: true,
    describe: 'score the i-th of n parts of the rows, as i/n; "inform-score merge" puts the parts together',
  },
  progress: {
    ...GROUPS.run,
    choices: PROGRESS_MODES,
    default: 'auto',
    requiresArg: true,
    describe: 'how progress is shown on standard error',
  },
  log: {
    ...GROUPS.run,
    usual: true,
    value: 'FILE',
    type: 'string',
    requiresArg: true,
    describe: "file for the run's log: its options, every truncated and rejected sample, the summary (JSON Lines)",
  },
  verbose: { ...GROUPS.run, type: 'boolean', default: false, describe: "print llama.cpp's log on standard error" },
  stats: {
    ...GROUPS.run,
    type: 'boolean',
    default: false,
    describe: 'print what was computed, and where the time went, after the summary',
  },
  yes: { ...YES, ...GROUPS.run },
} as const satisfies Record<string, HelpedFlag>;

interface ScoreArguments {
  inputs?: string[];
  config?: string;
  overwrite: boolean;
  restart: boolean;
  followAppended: boolean;
  shard?: string;
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
        .options(optionFlags())
        .options(SCORE_FLAGS) as unknown as Argv<ScoreArguments>,
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
  const [{ mergeOptions }, { scoreFiles }, { parseShard }, { resumeCommand }, { confirmOnTerminal }] =
    await Promise.all([
      import('../../options/config.js'),
      import('../../run/score-run.js'),
      import('../../run/row-shard.js'),
      import('../resume-command.js'),
      import('../confirm.js'),
    ]);
  const inputs = argv.inputs && argv.inputs.length > 0 ? { input: argv.inputs } : {};
  const options = mergeOptions(configured, optionsFromFlags(argv), inputs);
  const { overwrite, restart, followAppended, log, verbose, stats, yes, config } = argv;
  const { signal, clear } = task;
  const settings = {
    ...{ overwrite, restart, followAppended, log, verbose, config },
    shard: argv.shard === undefined ? undefined : parseShard(argv.shard),
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
