import type { CommandModule } from 'yargs';
import { attachCommand } from './commands/attach.js';
import { backendCommand } from './commands/backend.js';
import { buildCommand } from './commands/build.js';
import { cardCommand } from './commands/card.js';
import { compareCommand } from './commands/compare.js';
import { compareModelsCommand } from './commands/compare-models.js';
import { convertCommand } from './commands/convert.js';
import { demoCommand } from './commands/demo.js';
import { devicesCommand } from './commands/devices.js';
import { evaluateCommand } from './commands/evaluate.js';
import { explainCommand } from './commands/explain.js';
import { inspectCommand } from './commands/inspect.js';
import { mergeCommand } from './commands/merge.js';
import { modelsCommand } from './commands/models.js';
import { planCommand } from './commands/plan.js';
import { pullCommand } from './commands/pull.js';
import { quantizeCommand } from './commands/quantize.js';
import { reportCommand } from './commands/report.js';
import { scoreCommand } from './commands/score.js';
import { selectCommand } from './commands/select.js';
import { statusCommand } from './commands/status.js';
import { verifyCommand } from './commands/verify.js';
import type { Finish } from './finish.js';

/** All commands, in the order of the help. Each knows the type of its own arguments, which a list of them cannot. */
export function commandModules(finish: Finish): CommandModule[] {
  return [
    scoreCommand(finish),
    demoCommand,
    mergeCommand(finish),
    statusCommand,
    selectCommand,
    reportCommand,
    explainCommand(finish),
    compareCommand(finish),
    compareModelsCommand,
    cardCommand,
    evaluateCommand(finish),
    modelsCommand,
    pullCommand,
    convertCommand,
    quantizeCommand,
    attachCommand,
    inspectCommand,
    verifyCommand(finish),
    devicesCommand,
    planCommand(),
    backendCommand(),
    buildCommand,
  ] as unknown as CommandModule[];
}

/** A command's name: its first word. */
export function nameOf({ command }: CommandModule): string {
  const [usage = ''] = [command ?? ''].flat();
  return usage.split(' ', 1)[0] ?? '';
}
