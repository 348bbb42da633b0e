import { existsSync } from 'node:fs';
import yargs, { type Argv, type CommandModule } from 'yargs';
import { normalizeArguments } from './arguments.js';
import { commandModules, nameOf } from './command-list.js';
import { ensureAddon } from './ensure-addon.js';
import type { Finish } from './finish.js';
import { EXIT_CODES, guideOf } from './help/guide.js';
import type { Style } from './help/layout.js';
import { InformError } from '../errors.js';
import { nearestName } from '../util/nearest-name.js';
import { packageVersion } from '../util/package-root.js';
import { usageError } from './usage-error.js';

/** The arguments that are lists of files; "_" is yargs' own. */
const LISTS = ['_', 'inputs', 'shards', 'scores', 'against'];

/** What yargs' types do not tell of its parser. */
interface ParserInternals {
  getOptions(): { key: Record<string, unknown>; alias: Record<string, string[]> };
  getInternalMethods(): { getUsageInstance(): { getDescriptions(): Record<string, string | undefined> } };
}

/** Runs the command that a command line names. Throws what it throws, and InformError for a command line that makes no sense. */
export async function runCommandLine(args: readonly string[], finish: Finish, style: Style): Promise<void> {
  const modules = commandModules(finish);
  checkFirstWord(args[0], modules.map(nameOf));
  const parser = yargs(normalizeArguments(args))
    .scriptName('inform-score')
    .command(modules.map((module) => guided(module, style)) as unknown as CommandModule)
    .help('help', 'show this')
    .alias('help', 'h')
    .version('version', "show this package's version", packageVersion())
    .alias('version', 'v')
    .strict()
    .recommendCommands()
    .parserConfiguration({ 'boolean-negation': true, 'parse-numbers': false })
    .updateStrings(headings(style))
    .middleware(takeLastOfRepeated, true)
    .middleware(({ _: [command] }) => ensureAddon(command))
    .wrap(style.columns)
    .exitProcess(false)
    .fail((message, error: Error | undefined) => {
      // yargs passes its own complaints as a message or as an error of its own, and everything that a command throws as an error.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw usageError(message, contextOf(args, modules, parser as unknown as ParserInternals));
    });
  await parser.parseAsync();
}

/** A command with its examples and its page in its help. */
function guided(module: CommandModule, { columns }: Style): CommandModule {
  const { builder } = module;
  if (typeof builder !== 'function') return { ...module, builder: (argv) => withGuide(argv, nameOf(module), columns) };
  return {
    ...module,
    builder: (argv: Argv) => withGuide(builder(argv) as Argv, nameOf(module), columns),
  };
}

function withGuide(argv: Argv, name: string, columns: number): Argv {
  const { examples, page } = guideOf(name);
  // yargs breaks the lines of the epilogue, but not well those of a path.
  const guide = argv.example(examples.map(([line, what]) => [line, what])).epilogue(`Documentation: ${page}`);
  return name === 'score' ? guide.epilogue(EXIT_CODES) : guide.wrap(columns);
}

function headings({ bold }: Style): Record<string, string> {
  const names = ['Commands:', 'Options:', 'Examples:', 'Positionals:'];
  // What is of a switch, too, and checked by us, is a string to yargs.
  return { ...Object.fromEntries(names.map((name) => [name, bold(name)])), string: 'value', boolean: 'switch' };
}

/** The default command takes files: a first word that is none may be a command with a letter wrong. */
function checkFirstWord(word: string | undefined, commands: readonly string[]): void {
  if (word === undefined || !/^[a-z][a-z-]+$/i.test(word) || commands.includes(word) || existsSync(word)) return;
  const meant = nearestName(word, commands);
  if (meant === undefined) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `There is no command "${word}", and no file of that name. Did you mean "${meant}"? Run inform-score --help for all commands.`,
  );
}

function contextOf(args: readonly string[], modules: readonly CommandModule[], parser: ParserInternals) {
  const module = modules.find((one) => nameOf(one) === args[0]) ?? modules[0];
  const [usage = ''] = [module?.command ?? ''].flat();
  const { key, alias } = parser.getOptions();
  const descriptions = parser.getInternalMethods().getUsageInstance().getDescriptions();
  const names = Object.keys(key).filter((name) => !/[A-Z]/.test(name)); // yargs lists a name in camel case as well
  const longNameOf = (name: string): string => names.find((long) => alias[long]?.includes(name)) ?? name;
  const flags = Object.fromEntries(names.map((name) => [name, descriptions[longNameOf(name)] ?? '']));
  return { args, flags, usage };
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
