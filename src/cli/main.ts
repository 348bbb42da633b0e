import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { attachCommand } from './commands/attach.js';
import { backendCommand } from './commands/backend.js';
import { buildCommand } from './commands/build.js';
import { compareCommand } from './commands/compare.js';
import { cardCommand } from './commands/card.js';
import { compareModelsCommand } from './commands/compare-models.js';
import { convertCommand } from './commands/convert.js';
import { demoCommand } from './commands/demo.js';
import { devicesCommand } from './commands/devices.js';
import { inspectCommand } from './commands/inspect.js';
import { mergeCommand } from './commands/merge.js';
import { modelsCommand } from './commands/models.js';
import { planCommand } from './commands/plan.js';
import { quantizeCommand } from './commands/quantize.js';
import { pullCommand } from './commands/pull.js';
import { evaluateCommand } from './commands/evaluate.js';
import { explainCommand } from './commands/explain.js';
import { reportCommand } from './commands/report.js';
import { selectCommand } from './commands/select.js';
import { scoreCommand } from './commands/score.js';
import { verifyCommand } from './commands/verify.js';
import { statusCommand } from './commands/status.js';
import { ensureAddon } from './ensure-addon.js';
import { ExitCode, exitCodeOf } from './exit-codes.js';
import { InformError, type ErrorCode } from '../errors.js';
import { keepHangupIgnored } from './interrupt.js';
import { packageVersion } from '../util/package-root.js';
import { leave, openTerminal, outputTaken, say, sayLines } from './terminal.js';

/** Help texts are wrapped to the terminal, and to this many columns at most. */
const MAX_HELP_COLUMNS = 110;

/** The arguments that are lists of files; "_" is yargs' own. */
const LISTS = ['_', 'inputs', 'shards', 'scores', 'against'];

/** Errors with a list of what was tried, or of what a program said. */
const SEVERAL_LINES: readonly ErrorCode[] = ['INFORM_BINARY_NOT_FOUND', 'INFORM_BUILD_FAILED'];

/** Runs one command line. Resolves to the exit code; never throws. */
async function main(args: string[]): Promise<number> {
  let exitCode: number = ExitCode.done;
  const finish = (code: number): void => {
    exitCode = code;
  };
  const parser = yargs(args)
    .scriptName('inform-score')
    .usage(
      '$0 [score] <inputs..> -m model.gguf -o scores.jsonl\n\nScores instruction/response pairs with the reward model INF-ORM-Llama3.1-70B.',
    )
    .command(scoreCommand(finish))
    .command(demoCommand)
    .command(mergeCommand(finish))
    .command(statusCommand)
    .command(selectCommand)
    .command(reportCommand)
    .command(explainCommand(finish))
    .command(compareCommand(finish))
    .command(compareModelsCommand)
    .command(cardCommand)
    .command(evaluateCommand(finish))
    .command(modelsCommand)
    .command(pullCommand)
    .command(convertCommand)
    .command(quantizeCommand)
    .command(attachCommand)
    .command(inspectCommand)
    .command(verifyCommand(finish))
    .command(devicesCommand)
    .command(planCommand())
    .command(backendCommand())
    .command(buildCommand)
    .example('$0 demo', 'good, mediocre and bad answers, ranked by the embedded model')
    .example('$0 data.jsonl -m inform-orm.gguf -o scores.jsonl', 'score a file')
    .example('$0 -c config.yaml data.jsonl', 'score as a configuration file says')
    .epilogue(
      'Exit codes: 0 all scored; 1 failed; 2 wrong usage or configuration; 3 finished, some samples rejected; 75 stopped, start it again; 130 interrupted.',
    )
    .version(packageVersion())
    .strict()
    .recommendCommands()
    .parserConfiguration({ 'boolean-negation': true, 'parse-numbers': false })
    .middleware(takeLastOfRepeated, true)
    .middleware(({ _: [command] }) => ensureAddon(command))
    .wrap(process.stderr.isTTY ? Math.min(MAX_HELP_COLUMNS, process.stderr.columns) : MAX_HELP_COLUMNS)
    .exitProcess(false)
    .fail((message, error: Error | undefined) => {
      // yargs passes its own complaints as a message and everything that a command throws as an error.
      throw (
        error ?? new InformError('INFORM_INVALID_CONFIG', `${oneLine(message)} Run inform-score --help for the usage.`)
      );
    });
  try {
    await parser.parseAsync();
    await outputTaken();
    return exitCode;
  } catch (error) {
    report(error);
    return exitCodeOf(error);
  }
}

/**
 * Of a flag that is given twice the last one counts. yargs can do so by itself ("duplicate-arguments-array"), but then it also
 * forgets all but the last of several files.
 */
function takeLastOfRepeated(argv: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(argv)) {
    if (Array.isArray(value) && !LISTS.includes(name)) argv[name] = value.at(-1) as unknown;
  }
}

/** One sentence for a mistake anyone can make; a stack only for what should not happen. */
function report(error: unknown): void {
  if (error instanceof InformError && error.code !== 'INFORM_INTERNAL') {
    const text = `inform-score: ${error.message} [${error.code}]`;
    // The messages that stand on several lines are ours; in others a line break is what someone wrote, and is shown as one.
    if (SEVERAL_LINES.includes(error.code)) sayLines(`${text}\n`);
    else say(text);
  } else {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const lines = `inform-score: this is a bug in inform-score; please report it with the lines below.\n${detail}\n`;
    sayLines(lines);
  }
}

/** yargs breaks its complaints into lines, with or without a full stop at the end. */
function oneLine(message: string): string {
  return message.trim().replace(/\s+/g, ' ').replace(/\.?$/, '.');
}

openTerminal();
keepHangupIgnored();
await leave(await main(hideBin(process.argv)));
