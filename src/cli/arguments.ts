import { kebabCase, OPTIONS } from '../options/table.js';

/** The switches of the option table. To yargs they are texts, so that a wrong value is seen by our own check. */
const SWITCHES = new Set(OPTIONS.filter(({ kind }) => kind.type === 'boolean').map(({ key }) => `--${kebabCase(key)}`));

/**
 * A command line as yargs reads it right: a switch never takes what follows it for its value, unless that is "true" or "false", and
 * what stands behind "--" is no flag, whatever it begins with.
 */
export function normalizeArguments(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const before = end < 0 ? args : args.slice(0, end);
  const behind = end < 0 ? [] : args.slice(end + 1);
  const normal: string[] = [];
  for (const arg of before) {
    const last = normal.at(-1) ?? '';
    if ((arg === 'true' || arg === 'false') && SWITCHES.has(last.replace(/=true$/, ''))) {
      normal[normal.length - 1] = last.replace(/=true$/, `=${arg}`);
    } else {
      normal.push(SWITCHES.has(arg) ? `${arg}=true` : arg);
    }
  }
  // All that stands there names a file; "-" alone is standard input.
  return [...normal, ...behind.map((arg) => (/^-./.test(arg) ? `./${arg}` : arg))];
}
