import { ExitCode, exitCodeOf } from './exit-codes.js';
import { toInformError, type ErrorCode, type InformError } from '../errors.js';
import type { Style } from './help/layout.js';
import { keepHangupIgnored } from './interrupt.js';
import { helpStyle, isTerminal, leave, openTerminal, outputTaken, printHelp, say, sayLines } from './terminal.js';

/** Errors with a list of what was tried, or of what a program said. */
const SEVERAL_LINES: readonly ErrorCode[] = ['INFORM_BINARY_NOT_FOUND', 'INFORM_BUILD_FAILED'];

/** Runs one command line. Resolves to the exit code; never throws. */
async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.done;
  try {
    const style = helpStyle();
    const help = askedHelp(args);
    if (help !== undefined) {
      const { mainHelp } = await import('./help/main-help.js');
      if (args.length === 0 && !isTerminal(0)) {
        // A pipe gets scores or nothing: who forgot the arguments there reads it on standard error.
        sayLines(mainHelp({ ...help, ...style, bold: (text) => text }));
        exitCode = ExitCode.usage;
      } else {
        printHelp(mainHelp({ ...help, ...style }));
      }
    } else {
      exitCode = await (scoresFiles(args) ? withEngineAhead(() => run(args, style)) : run(args, style));
    }
    await outputTaken();
    return exitCode;
  } catch (error) {
    const failure = toInformError(error);
    report(failure);
    return exitCodeOf(failure);
  }
}

async function run(args: readonly string[], style: Style): Promise<number> {
  const { runCommandLine } = await import('./parser.js');
  let exitCode: number = ExitCode.done;
  await runCommandLine(
    args,
    (code) => {
      exitCode = code;
    },
    style,
  );
  return exitCode;
}

/** Whether a command line scores files, as far as its first word tells: no other command has such a character in its name. */
function scoresFiles(args: readonly string[]): boolean {
  const [first = ''] = args;
  const asksOnly = args.some((arg) => ['--help', '-h', '--version', '-v'].includes(arg));
  return !asksOnly && (first === 'score' || /^-|[./]/.test(first));
}

/** Starts the engine's process before the command line is read, so that both take place at once. */
async function withEngineAhead<T>(work: () => Promise<T>): Promise<T> {
  const { startEngineAhead, endEngineAhead } = await import('./engine-task.js');
  startEngineAhead();
  try {
    return await work();
  } finally {
    await endEngineAhead();
  }
}

/** Whether a command line asks for the help of the program or of its main command; that of the others is yargs'. */
function askedHelp(args: readonly string[]): { all: boolean; scoreOnly: boolean } | undefined {
  const [first] = args;
  const asks = (arg: string): boolean => ['--help', '-h'].includes(arg);
  if (first === undefined || first === '--all') return { all: first !== undefined, scoreOnly: false };
  if (asks(first) || (first === 'help' && args.length === 1)) return { all: args.includes('--all'), scoreOnly: false };
  return first === 'score' && args.slice(1).some(asks) ? { all: true, scoreOnly: true } : undefined;
}

/** One sentence for a mistake anyone can make; a stack only for what should not happen. */
function report(error: InformError): void {
  if (error.code !== 'INFORM_INTERNAL') {
    const text = `inform-score: ${error.message} [${error.code}]`;
    // The messages that stand on several lines are ours; in others a line break is what someone wrote, and is shown as one.
    if (SEVERAL_LINES.includes(error.code)) sayLines(`${text}\n`);
    else say(text);
  } else {
    const { cause = error } = error;
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    const lines = `inform-score: this is a bug in inform-score; please report it with the lines below.\n${detail}\n`;
    sayLines(lines);
  }
}

openTerminal();
keepHangupIgnored();
await leave(await main(process.argv.slice(2)));
