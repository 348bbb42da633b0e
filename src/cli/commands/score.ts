import type { Argv, CommandModule } from 'yargs';
import type { EngineProcess } from '../../supervisor/engine-process.js';
import type { Finish } from '../finish.js';
import { optionFlags, optionsFromFlags } from '../option-flags.js';

const PROGRESS_MODES = ['auto', 'bar', 'plain', 'none'] as const;

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
          describe: 'files of samples, JSON Lines or a JSON array; "-" is standard input',
        })
        .option('config', { alias: 'c', type: 'string', requiresArg: true, describe: 'a YAML configuration file' })
        .options(optionFlags())
        .option('overwrite', { type: 'boolean', default: false, describe: 'replace an existing output' })
        .option('restart', {
          type: 'boolean',
          default: false,
          describe: 'discard what an unfinished run with this output left, and begin anew',
        })
        .option('follow-appended', {
          type: 'boolean',
          default: false,
          describe: 'score what was added at the end of an input whose rows before are scored already',
        })
        .option('shard', {
          type: 'string',
          requiresArg: true,
          describe: 'score the i-th of n parts of the rows, as i/n; "inform-score merge" puts the parts together',
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
        .option('yes', {
          type: 'boolean',
          default: false,
          describe: 'download a model of more than 5 GB without asking',
        }) as unknown as Argv<ScoreArguments>,
    handler: async (argv) => {
      // Loaded here, so that --help needs neither the engine nor the readers. The engine's process first: it starts meanwhile.
      const [{ onInterrupt }, { EngineProcess }] = await Promise.all([
        import('../interrupt.js'),
        import('../../supervisor/engine-process.js'),
      ]);
      const interrupt = onInterrupt();
      const engine = EngineProcess.start();
      try {
        finish(await scoreWith(engine, interrupt.signal, argv));
      } finally {
        await engine.kill();
        interrupt.release();
      }
    },
  };
}

async function scoreWith(engine: EngineProcess, interrupted: AbortSignal, argv: ScoreArguments): Promise<number> {
  const [{ mergeOptions, readConfig }, { runScore }, { parseShard }, { resumeLine }] = await Promise.all([
    import('../../options/config.js'),
    import('../../run/score-run.js'),
    import('../../run/row-shard.js'),
    import('../resume-command.js'),
  ]);
  const configured = argv.config === undefined ? {} : await readConfig(argv.config);
  const inputs = argv.inputs && argv.inputs.length > 0 ? { input: argv.inputs } : {};
  const options = mergeOptions(configured, optionsFromFlags(argv), inputs);
  const { overwrite, restart, followAppended, progress, log, verbose, stats, yes } = argv;
  const shard = argv.shard === undefined ? undefined : parseShard(argv.shard);
  const { config } = argv;
  const settings = { overwrite, restart, followAppended, shard, config, progress, log, verbose, stats, yes };
  return runScore(options, { ...settings, resumeLine: resumeLine(process.argv) }, engine, interrupted);
}
