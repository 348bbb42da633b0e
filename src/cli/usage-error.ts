import { InformError } from '../errors.js';
import { didYouMean } from '../util/nearest-name.js';

/** What is known of the command line that was wrong. */
export interface UsageContext {
  /** As it was typed, without the program. */
  readonly args: readonly string[];
  /** The names of the command's flags, without dashes, and what each of them is. */
  readonly flags: Readonly<Record<string, string>>;
  /** The command as it is called: "quantize <input> <output>". */
  readonly usage: string;
}

/**
 * yargs' complaint in our words: what happened, why, what to do next. Its texts are those of the version that package-lock.json has; one
 * that is not known here comes through as it is.
 */
export function usageError(complaint: string, { args, flags, usage }: UsageContext): InformError {
  const text = complaint.trim().replace(/\s+/g, ' ').replace(/\.$/, '');
  const [command = ''] = usage.split(' ', 1);
  const help = `Run inform-score ${command === '' ? '' : `${command} `}--help for the usage.`;
  const explain = (sentence: string): InformError =>
    new InformError('INFORM_INVALID_CONFIG', `${sentence.replace(/([^.?])$/, '$1.')} ${help}`);
  const names = Object.keys(flags);

  const [, unknown] = /^Unknown arguments?: (.+)$/.exec(text) ?? [];
  if (unknown !== undefined) {
    // yargs lists a flag with dashes a second time, in camel case.
    const [name = ''] = unknown.split(', ');
    const typed = args.find((arg) => isFlag(arg) && arg.replace(/^-+/, '').split('=', 1)[0] === name);
    if (typed === undefined) return explain(`"${name}" is one argument too many: inform-score ${usage} takes no more`);
    const [flag = ''] = typed.split('=', 1);
    const positive = name.replace(/^no-/, '');
    if (positive !== name && positive in flags) return explain(`${flag} takes no value`);
    const meant = didYouMean(name, names).replace(/"(.+)"/, (_, near: string) => `"${dashed(near)}"`);
    return explain(`There is no flag ${flag}.${meant}`);
  }

  const [, valueless] = /^Not enough arguments following: (.+)$/.exec(text) ?? [];
  if (valueless !== undefined) {
    const what = flags[valueless];
    return explain(`${dashed(valueless)} needs a value${what === undefined || what === '' ? '' : `: ${what}`}`);
  }

  const [, missing] = /^Missing required arguments?: (.+)$/.exec(text) ?? [];
  if (missing !== undefined) {
    const [first = ''] = missing.split(', ');
    const what = flags[first];
    return explain(`${dashed(first)} is missing${what === undefined || what === '' ? '' : `: ${what}`}`);
  }

  if (text.startsWith('Not enough non-option arguments')) return explain(`Something is missing: inform-score ${usage}`);

  const [, flag = '', given = '', choices = ''] = /Argument: (\S+), Given: "(.*)", Choices: (.+)$/.exec(text) ?? [];
  if (choices !== '') {
    const known = choices.replaceAll('"', '').split(', ');
    const name = flag in flags ? dashed(flag) : flag;
    return explain(`${name} must be one of ${known.join(', ')}, but is "${given}".${didYouMean(given, known)}`);
  }

  const [, meant] = /^Did you mean (.+)\?$/.exec(text) ?? [];
  if (meant !== undefined) return explain(`${command} has no "${args.at(1) ?? ''}". Did you mean "${meant}"?`);
  return explain(text);
}

function isFlag(arg: string): boolean {
  return /^-./.test(arg);
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
