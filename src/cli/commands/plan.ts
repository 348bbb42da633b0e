import type { Argv, CommandModule } from 'yargs';
import { InformError } from '../../errors.js';
import { ASSUMPTIONS } from '../../engine/placement/estimate.js';
import { parseSize } from '../../util/parse-size.js';
import { optionFlags, optionsFromFlags } from '../option-flags.js';
import { CONFIG, JSON_FLAG, LOCAL_MODEL } from '../shared-flags.js';
import { printJson, printLines } from '../terminal.js';

interface PlanArguments {
  model: string;
  config?: string;
  memory?: string;
  bus?: string;
  tflops?: string;
  json: boolean;
  [flag: string]: unknown;
}

/** `inform-score plan model.gguf` */
export function planCommand(): CommandModule<object, PlanArguments> {
  return {
    command: 'plan <model>',
    describe: 'say how a model would be loaded: what goes to which device, how much memory it takes, what is slowest',
    builder: (argv) =>
      argv
        .positional('model', LOCAL_MODEL)
        .option('config', CONFIG)
        .options(optionFlags(({ inPlan }) => inPlan === true))
        .option('memory', {
          type: 'string',
          requiresArg: true,
          describe: 'plan for devices that are not here: their free memory, such as cuda0=24G,cuda1=24G,host=128G',
        })
        .option('bus', {
          type: 'string',
          requiresArg: true,
          defaultDescription: '25G',
          describe: 'bytes a second from the host to a GPU, assumed',
        })
        .option('tflops', {
          type: 'string',
          requiresArg: true,
          defaultDescription: String(ASSUMPTIONS.gpuFlops / 1e12),
          describe: 'tera-operations a second that a GPU reaches with large matrices, assumed',
        })
        .option('json', JSON_FLAG) as unknown as Argv<PlanArguments>,
    handler: async ({ model, config, memory, bus, tflops, json, ...argv }) => {
      const [{ planModel }, { formatPlan }, { resolveLocalModel }, { mergeOptions, readConfig }, { modelOptionsOf }] =
        await Promise.all([
          import('../../engine/placement/plan-model.js'),
          import('../plan-text.js'),
          import('../../models/resolve.js'),
          import('../../options/config.js'),
          import('../../options/check.js'),
        ]);
      const options = modelOptionsOf(
        mergeOptions(config === undefined ? {} : await readConfig(config), optionsFromFlags(argv)),
      );
      const report = await planModel(await resolveLocalModel(model, options.type), options, {
        memory,
        assumptions: {
          ...ASSUMPTIONS,
          ...(bus === undefined ? {} : { busBytesPerSecond: parseSize(bus, '--bus') }),
          ...(tflops === undefined ? {} : { gpuFlops: parseTeraflops(tflops) }),
        },
      });
      if (json) printJson(report);
      else printLines(formatPlan(report));
    },
  };
}

function parseTeraflops(text: string): number {
  const tera = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  if (tera > 0) return tera * 1e12;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `--tflops must be a number above 0, such as 100, but is ${JSON.stringify(text)}.`,
  );
}
