import path from 'node:path';
import { packageManager, runnerOf } from '../addon/load-failure.js';
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
  const isBin = path.basename(script) === 'inform-score';
  // Some package managers start the file that theirs stands for.
  const isOfProject = isBin
    ? path.basename(path.dirname(script)) === '.bin'
    : /^(?:\.yarn|node_modules)[\\/]/.test(path.relative('', script));
  if (isOfProject) return [...runnerOf(packageManager(process.env, path.resolve(script))).split(' '), 'inform-score'];
  return isBin ? ['inform-score'] : [path.basename(node), relative(script)];
}

function relative(file: string): string {
  const fromHere = path.relative('', file);
  return fromHere.startsWith('..') ? file : fromHere;
}
