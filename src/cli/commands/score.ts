import type { Argv, CommandModule } from 'yargs';
import type { EngineProcess } from '../../supervisor/engine-process.js';
import type { Finish } from '../finish.js';
import type { PartialOptions } from '../../options/merge.js';
import type { OdaConfig } from '../../options/oda-config.js';
import type { RunOptions } from '../../options/table.js';
import type { RunContext, RunOutcome } from '../../run/score-run.js';
import type { RunDirectory } from '../../run/score-shard.js';
import type { RunSettings } from '../../run/settings.js';
import { InformError } from '../../errors.js';
import { ExitCode } from '../exit-codes.js';
import { GROUPS, optionFlags, optionsFromFlags, type HelpedFlag } from '../option-flags.js';
import { CONFIG, OVERWRITE, REJECTS_OK, restartFlag, YES } from '../shared-flags.js';
import type { Task } from '../task.js';
import { chartRoom, sayLines } from '../terminal.js';

/** How long a task may be silent unless somebody says otherwise. */
const LEASE_SECONDS = 30;

/** A day: a task that died would keep its shard for as long. */
const MOST_LEASE_SECONDS = 86_400;

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
    describe:
      'score the i-th of n parts of the rows, as i/n, or auto in an array job; "inform-score merge" puts the parts together',
  },
  shards: {
    ...GROUPS.run,
    value: 'N',
    type: 'number',
    requiresArg: true,
    describe: 'how many parts --shard auto has, where the scheduler does not say it, or the array is a part of one',
  },
  'run-dir': {
    ...GROUPS.run,
    value: 'FOLDER',
    type: 'string',
    requiresArg: true,
    describe:
      'keep the shard in this folder, which all tasks of the run share, in place of -o; "inform-score status" and "merge" read it',
  },
  lease: {
    ...GROUPS.run,
    value: 'SECONDS',
    type: 'number',
    requiresArg: true,
    defaultDescription: String(LEASE_SECONDS),
    describe: 'seconds for which a task with --run-dir may be silent before another one takes its shard',
  },
  'rejects-ok': { ...REJECTS_OK, ...GROUPS.run },
  'one-line-per-row': {
    ...GROUPS.data,
    type: 'boolean',
    default: false,
    describe: 'write {"id", "score": null, "error"} to standard output for a rejected row, and not leave it out',
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
  shards?: number;
  runDir?: string;
  lease?: number;
  rejectsOk: boolean;
  oneLinePerRow: boolean;
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
      const [{ runEngineTask }, { Progress }] = await Promise.all([
        import('../engine-task.js'),
        import('../terminal-progress.js'),
      ]);
      const options = { progress: new Progress({ mode: argv.progress }), scheduled: argv.runDir !== undefined };
      finish(await runEngineTask((engine, task) => score(engine, task, argv), options));
    },
  };
}

/** Resolves to the exit code. */
async function score(engine: EngineProcess, task: Task, argv: ScoreArguments): Promise<number> {
  const configured = argv.config === undefined ? {} : await readNamed(argv.config, task.signal);
  if (!('runs' in configured)) return scoreOnce(engine, task, argv, configured);
  const [{ scoreByToolkit }, { withEngine }] = await Promise.all([
    import('../toolkit-runs.js'),
    import('../../supervisor/engine-process.js'),
  ]);
  return scoreByToolkit(configured, argv['output'], task.note, (options, restart) =>
    withEngine((own) => scoreOnce(own, task, { ...argv, overwrite: true, restart: restart || argv.restart }, options)),
  );
}

async function readNamed(config: string, signal: AbortSignal): Promise<PartialOptions | OdaConfig> {
  const { readAnyConfig } = await import('../../options/config.js');
  return readAnyConfig(config, signal);
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
      import('../../options/merge.js'),
      import('../../run/score-run.js'),
      import('../../run/shards/array-task.js'),
      import('../resume-command.js'),
      import('../confirm.js'),
    ]);
  const inputs = argv.inputs && argv.inputs.length > 0 ? { input: argv.inputs } : {};
  const options = mergeOptions(configured, optionsFromFlags(argv), inputs);
  const { overwrite, restart, followAppended, oneLinePerRow, log, verbose, stats, yes, config } = argv;
  const { signal, clear } = task;
  const settings = {
    ...{ overwrite, restart, followAppended, oneLinePerRow, log, verbose, config },
    shard: shardNamed(argv.shard, argv.shards, process.env),
    confirm: confirmOnTerminal({ yes, signal, beforeAsking: clear }),
    resumeCommand: resumeCommand(process.argv),
  };
  for (const line of withoutEffect(argv, options)) task.note(line);
  const context = { engine, signal, reporter: task };
  const outcome =
    argv.runDir === undefined
      ? await scoreFiles(options, settings, context)
      : await scoreTask(options, settings, { folder: argv.runDir, leaseSeconds: leaseOf(argv) }, context, task);
  if (typeof outcome === 'number') return outcome;
  if (!outcome.readerGone) await report(options, outcome, stats);
  return outcome.stats.rejected > 0 && !argv.rejectsOk ? ExitCode.someRejected : ExitCode.done;
}

/** Flags that change nothing in this run, a sentence each. */
function withoutEffect({ lease, overwrite, runDir, config }: ScoreArguments, { output }: RunOptions): string[] {
  return [
    ...(lease !== undefined && runDir === undefined ? ['--lease has no effect without --run-dir.'] : []),
    // A configuration of OpenDataArena's toolkit always replaces its outputs.
    ...(overwrite && output === undefined && runDir === undefined && config === undefined
      ? ['--overwrite has no effect without an output file: name one with -o.']
      : []),
  ];
}

/** A shard in a run's folder. A number is the exit code where there is nothing to report. */
async function scoreTask(
  options: RunOptions,
  settings: RunSettings,
  directory: RunDirectory,
  context: RunContext,
  { signal, interruptedBy, note }: Task,
): Promise<RunOutcome | number> {
  const { scoreShard } = await import('../../run/score-shard.js');
  try {
    return (await scoreShard(options, settings, directory, context)) ?? ExitCode.done;
  } catch (error) {
    // A person who presses Ctrl-C wants an end; a scheduler wants its machine, and the task goes on elsewhere.
    if (!signal.aborted || interruptedBy() === 'SIGINT') throw error;
    note(`Stopped by ${interruptedBy() ?? 'a signal'}, to be started again: exit code ${ExitCode.requeue}.`);
    return ExitCode.requeue;
  }
}

function leaseOf({ lease = LEASE_SECONDS }: ScoreArguments): number {
  if (lease >= 1 && lease <= MOST_LEASE_SECONDS) return lease;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `--lease must be a number of seconds from 1 to ${MOST_LEASE_SECONDS}.`,
  );
}

async function report(options: RunOptions, outcome: RunOutcome, withStats: boolean): Promise<void> {
  const [{ formatSummary }, { formatStats }, { DEMO }] = await Promise.all([
    import('../summary-text.js'),
    import('../stats-text.js'),
    import('../../models/embedded-model.js'),
  ]);
  const { stats, pipeline, seconds, maxLength, modelPath, rejectsPath } = outcome;
  const { model: name = '', type, output } = options;
  // The conversion of a folder or of a repository lies elsewhere.
  const isNamed = name === DEMO || name === modelPath;
  const model = isNamed ? undefined : `${name}${type === 'auto' ? '' : ` as ${type}`}: ${modelPath}`;
  sayLines(formatSummary(stats, { seconds, maxLength, output, rejects: rejectsPath, model, chart: chartRoom() }));
  if (withStats) sayLines(formatStats(pipeline, await expectedRate(modelPath, options)));
}

/** Tokens a second of full micro-batches, as `inform-score plan` has them; measured when the run is over, for a second. */
async function expectedRate(file: string, options: RunOptions): Promise<number> {
  const [{ planModel }, { modelOptionsOf }, { default: path }] = await Promise.all([
    import('../../engine/placement/plan-model.js'),
    import('../../options/check.js'),
    import('node:path'),
  ]);
  const settings = { memory: undefined, speeds: {}, folder: path.dirname(file) };
  const { estimate } = await planModel(file, modelOptionsOf(options), settings);
  return estimate.tokensPerSecond;
}
