import type { Argv, CommandModule } from 'yargs';
import { InformError } from '../../errors.js';
import { ASSUMPTIONS, type Speeds } from '../../engine/placement/estimate.js';
import type { PlanReport, PlanSettings } from '../../engine/placement/plan-model.js';
import type { PlannedModel } from '../../models/planned-model.js';
import type { RunOptions } from '../../options/table.js';
import { parseSize } from '../../util/parse-size.js';
import { optionFlags, optionsFromFlags } from '../option-flags.js';
import type { Alternative, FullPlan } from '../plan-text.js';
import { CONFIG, JSON_FLAG, MODEL_TO_LOOK_AT } from '../shared-flags.js';
import { runTask, type Task } from '../task.js';
import { printJson, printLines } from '../terminal.js';

interface PlanArguments {
  model: string;
  inputs?: string[];
  config?: string;
  memory?: string;
  bus?: string;
  tflops?: string;
  json: boolean;
  [flag: string]: unknown;
}

/** `inform-score plan <model> [inputs..]` */
export function planCommand(): CommandModule<object, PlanArguments> {
  return {
    command: 'plan <model> [inputs..]',
    describe:
      'say before a model is downloaded or loaded: disk, memory, what goes to which device, how long a file takes',
    builder: (argv) =>
      argv
        .positional('model', MODEL_TO_LOOK_AT)
        .positional('inputs', {
          type: 'string',
          array: true,
          describe: 'files of samples, to say how long they would take',
        })
        .option('config', CONFIG)
        .options(optionFlags(({ inPlan }) => inPlan === true))
        .option('memory', {
          type: 'string',
          requiresArg: true,
          describe: 'plan for devices that are not here: their free memory, such as cuda0=24GiB,cuda1=24GiB,host=128G',
        })
        .option('bus', {
          type: 'string',
          requiresArg: true,
          describe: 'bytes a second from the host to a GPU; else measured, or with --memory 25G',
        })
        .option('tflops', {
          type: 'string',
          requiresArg: true,
          describe: `tera-operations a second that a GPU reaches with large matrices; else measured, or with --memory ${ASSUMPTIONS.gpuFlops / 1e12}`,
        })
        .option('json', JSON_FLAG) as unknown as Argv<PlanArguments>,
    handler: async (argv) => {
      const [{ formatFullPlan }, { mergeOptions }, { readConfig }] = await Promise.all([
        import('../plan-text.js'),
        import('../../options/merge.js'),
        import('../../options/config.js'),
      ]);
      const { config, json } = argv;
      const options = mergeOptions(config === undefined ? {} : await readConfig(config), optionsFromFlags(argv));
      const plan = await runTask((task) => makePlan(argv, options, task));
      if (json) printJson(plan);
      else printLines(formatFullPlan(plan));
    },
  };
}

/** @param known speeds that need not be measured again */
type PlanOf = (file: string, known?: Partial<Speeds>, secondCard?: boolean) => Promise<PlanReport>;

async function makePlan(argv: PlanArguments, options: RunOptions, task: Task): Promise<FullPlan> {
  const [{ planModel }, { withPlannedModel }, { modelOptionsOf }, { default: path }] = await Promise.all([
    import('../../engine/placement/plan-model.js'),
    import('../../models/planned-model.js'),
    import('../../options/check.js'),
    import('node:path'),
  ]);
  const { model, memory, bus, tflops, inputs = [] } = argv;
  const { signal, update } = task;
  return withPlannedModel(model, { type: options.type, signal, onProgress: update }, async (planned) => {
    if (memory === undefined) update({ label: 'Measuring what this machine does in a second' });
    const settings: PlanSettings = {
      memory,
      speeds: {
        ...(bus === undefined ? {} : { busBytesPerSecond: parseSize(bus, '--bus') }),
        ...(tflops === undefined ? {} : { gpuFlops: parseTeraflops(tflops) }),
      },
      folder: planned.notHere?.disk[0]?.folders.at(-1) ?? path.dirname(planned.path),
    };
    const planOf: PlanOf = async (file, known = {}, secondCard = false) =>
      planModel(file, modelOptionsOf(options), { ...settings, secondCard, speeds: { ...settings.speeds, ...known } });
    const report = await planOf(planned.path);
    return {
      name: model,
      ...(planned.notHere ? { notHere: await withFreeSpace(planned.notHere) } : {}),
      type: planned.types[0]?.type,
      report,
      alternatives: await alternativesOf(planned, report, planOf),
      input: inputs.length === 0 ? undefined : await estimate(inputs, options, report, task),
    };
  });
}

/** What would be faster or smaller: another type of a checkpoint, another card. */
async function alternativesOf(
  { types, path }: PlannedModel,
  report: PlanReport,
  planOf: PlanOf,
): Promise<Alternative[]> {
  const alternatives: Alternative[] = [];
  // Bus and disk are the same for every type.
  const { busBytesPerSecond, diskBytesPerSecond } = report.speeds;
  const known = { busBytesPerSecond, ...(diskBytesPerSecond === undefined ? {} : { diskBytesPerSecond }) };
  for (const { type, path: other, bytes } of types.slice(1)) {
    alternatives.push({
      what: `as ${type}`,
      bytes,
      tokensPerSecond: (await planOf(other, known)).estimate.tokensPerSecond,
    });
  }
  if (report.placement.devices.length > 0) {
    const { estimate, model } = await planOf(path, report.speeds, true);
    const tokensPerSecond = estimate.tokensPerSecond;
    alternatives.push({ what: 'with one more such GPU', bytes: model.bytes, tokensPerSecond });
  }
  return alternatives;
}

async function withFreeSpace(notHere: NonNullable<PlannedModel['notHere']>): Promise<NonNullable<FullPlan['notHere']>> {
  const { existingFolder, freeBytes } = await import('../../util/files/disk-space.js');
  const disk = notHere.disk.map(async ({ folders, ...need }) => {
    const free = await Promise.all(folders.map(async (folder) => freeBytes(await existingFolder(folder))));
    const known = free.filter((bytes) => bytes !== undefined);
    return { ...need, free: known.length === 0 ? undefined : Math.min(...known) };
  });
  return { ...notHere, disk: await Promise.all(disk) };
}

async function estimate(
  inputs: readonly string[],
  options: RunOptions,
  { estimate: { tokensPerSecond }, maxLength }: PlanReport,
  { signal, update }: Task,
): Promise<FullPlan['input']> {
  const { estimateTokens } = await import('../../run/estimate-tokens.js');
  update({ label: `Reading ${inputs.join(', ')}` });
  const { conversations, tokens } = await estimateTokens(inputs, { ...options, maxLength }, signal);
  return { files: inputs, conversations, tokens, seconds: tokens / tokensPerSecond };
}

function parseTeraflops(text: string): number {
  const tera = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  if (tera > 0) return tera * 1e12;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `--tflops must be a number above 0, such as 100, but is ${JSON.stringify(text)}.`,
  );
}
