import { constants, fstatSync, readFileSync, readlinkSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';

/**
 * Whether SIGHUP was to be ignored when this program was started, as `nohup` and `trap '' HUP` have it. Node sets every signal
 * back to its default before any of our code runs, so what is left to look at is what they leave elsewhere:
 *
 * - the shell's `_`, the command that it has started;
 * - the signals that our parent ignores, on Linux: a child is started with the same ones;
 * - what nohup puts in the place of a terminal: for standard input /dev/null, opened for writing only, and for standard output or
 *   error a nohup.out.
 */
export function hangupIsIgnored(): boolean {
  return (
    path.basename(process.env['_'] ?? '') === 'nohup' ||
    parentIgnoresHangup() ||
    inputIsUnreadable() ||
    [1, 2].some(isNohupOutput)
  );
}

const SIGHUP_BIT = 1n;

function parentIgnoresHangup(): boolean {
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(textOf(`/proc/${process.ppid}/status`))?.[1];
  return ignored !== undefined && (BigInt(`0x${ignored}`) & SIGHUP_BIT) !== 0n;
}

function inputIsUnreadable(): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(textOf('/proc/self/fdinfo/0'))?.[1];
  const access = parseInt(flags ?? '0', 8) & (constants.O_WRONLY | constants.O_RDWR);
  return access === constants.O_WRONLY && linkOf('/proc/self/fd/0') === '/dev/null';
}

function isNohupOutput(descriptor: number): boolean {
  const open = statOf(() => fstatSync(descriptor));
  return ['', process.env['HOME'] ?? ''].some((folder) => {
    const file = statOf(() => statSync(path.resolve(folder, 'nohup.out')));
    return file !== undefined && file.dev === open?.dev && file.ino === open.ino;
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function statOf(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
