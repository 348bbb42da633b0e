import path from 'node:path';
import { shellWord } from '../util/shell-word.js';

/** The command that goes on with what this one began, for a POSIX shell in the same folder. `argv` is process.argv. */
export function resumeCommand(argv: readonly string[]): string {
  const [node = 'node', script = 'inform-score', ...args] = argv;
  // To begin anew once more is not to resume.
  const same = args.filter((arg) => !/^--restart(?:=|$)/.test(arg));
  return [...program(node, script), ...same].map(shellWord).join(' ');
}

/** How to start this program in the same folder, for a POSIX shell. `argv` is process.argv. */
export function programLine([node = 'node', script = 'inform-score']: readonly string[]): string {
  return program(node, script).map(shellWord).join(' ');
}

function program(node: string, script: string): string[] {
  if (path.basename(script) !== 'inform-score') return [path.basename(node), relative(script)];
  return path.basename(path.dirname(script)) === '.bin' ? ['npx', 'inform-score'] : ['inform-score'];
}

function relative(file: string): string {
  const fromHere = path.relative('', file);
  return fromHere.startsWith('..') ? file : fromHere;
}
