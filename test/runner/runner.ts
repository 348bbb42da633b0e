import { spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/**
 * Runs uvu test files, each in a process of its own. uvu by itself exits 0 when a `before` hook throws, when a file
 * forgets `.run()`, and knows no deadline; here a file passes only when it says at its end that all its tests passed.
 */

export interface RunnerOptions {
  /** The folder searched for `*.test.js` and `*.test.mjs`. */
  root: string;
  /** Only files whose path holds one of these; all when empty. */
  filters: readonly string[];
  /** For one file. */
  deadlineSeconds?: number;
  /** Files at once. Those under `process/` kill and watch processes and always run alone. */
  parallel?: number;
  write: (text: string) => void;
}

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

interface FileResult extends Totals {
  file: string;
  seconds: number;
  output: string;
  /** Why the file failed; undefined when it passed. */
  problem: string | undefined;
}

const DEADLINE_SECONDS = 300;
/** Output beyond this is cut from its beginning: a test in an endless loop may print for its whole time. */
const MAX_OUTPUT_CHARACTERS = 2 ** 22;

/** Runs the files, reports each, and ends with the line `N passed, N failed`. */
export async function runTestFiles(options: RunnerOptions): Promise<Totals> {
  const { root, filters, parallel = 2, write } = options;
  const files = (await findTestFiles(root)).filter(
    (file) => filters.length === 0 || filters.some((filter) => file.includes(filter)),
  );
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  if (files.length === 0) {
    write(filters.length === 0 ? 'There are no test files.\n' : `No test file matches ${filters.join(', ')}.\n`);
    totals.failed = 1;
  }
  const runNext = async (queue: string[]): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(root, file, options.deadlineSeconds ?? DEADLINE_SECONDS);
      write(report(result));
      totals.passed += result.passed;
      totals.failed += result.failed;
      totals.skipped += result.skipped;
    }
  };
  const runsAlone = (file: string): boolean => file.startsWith(`process${sep}`);
  const shared = files.filter((file) => !runsAlone(file));
  await Promise.all(Array.from({ length: parallel }, () => runNext(shared)));
  await runNext(files.filter(runsAlone));
  write(`${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}\n`);
  return totals;
}

async function findTestFiles(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true });
  return entries.filter((entry) => /\.test\.m?js$/.test(entry)).sort();
}

async function runFile(root: string, file: string, deadlineSeconds: number): Promise<FileResult> {
  const path = join(root, file);
  const began = performance.now();
  const { output, end } = await runToItsEnd(path, deadlineSeconds);
  const seconds = (performance.now() - began) / 1000;

  const closing = closingLines(output);
  const unrun = unrunSuites(await readFile(path, 'utf8'));
  const problems = [];
  if (end !== undefined) problems.push(end);
  if (closing === undefined) problems.push('it did not print the closing lines of a finished run');
  else if (closing.passed !== closing.total) problems.push(`${closing.passed} of ${closing.total} tests passed`);
  else if (closing.total + closing.skipped === 0) problems.push('it holds no tests');
  for (const suite of unrun) problems.push(`the last use of ${suite} is not ${suite}.run()`);

  const problem = problems.length === 0 ? undefined : problems.join('; ');
  const { total = 0, passed = 0, skipped = 0 } = closing ?? {};
  const failed = problem === undefined ? 0 : Math.max(total - passed, 1);
  return { file, seconds, output, problem, passed, failed, skipped };
}

/** Runs a file and gives its output, and how it ended where that was not well. Nothing it started outlives it. */
async function runToItsEnd(
  path: string,
  deadlineSeconds: number,
): Promise<{ output: string; end: string | undefined }> {
  const child = spawn(process.execPath, ['--enable-source-maps', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  const killAll = (): void => {
    if (child.pid !== undefined) killGroup(child.pid);
  };
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT_CHARACTERS);
    });
  }
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    killAll();
  }, deadlineSeconds * 1000);
  process.once('exit', killAll);
  // What the test left running would hold its pipes open, and 'close' would never come.
  child.once('exit', killAll);

  const end = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => {
      resolve(`it could not be started: ${error.message}`);
    });
    child.once('close', (code, signal) => {
      if (late) resolve(`it ran past its deadline of ${deadlineSeconds} s`);
      else if (signal !== null) resolve(`it was ended by ${signal}`);
      else resolve(code === 0 ? undefined : `it exited with ${String(code)}`);
    });
  });
  clearTimeout(deadline);
  process.off('exit', killAll);
  return { output, end };
}

/** Ends a child and, where the system has process groups, all that it started. */
function killGroup(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

/** The counts of uvu's last summary. Its total leaves out the skipped tests. */
function closingLines(output: string): { total: number; passed: number; skipped: number } | undefined {
  const summaries = /\n {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n {2}Duration: /g;
  const last = [...stripVTControlCharacters(output).matchAll(summaries)].at(-1);
  return last && { total: Number(last[1]), passed: Number(last[2]), skipped: Number(last[3]) };
}

/**
 * The suites of a test file whose last use is not `.run()`: uvu forgets them, or the tests after it, without a word
 * as long as another suite of the file runs.
 */
function unrunSuites(source: string): string[] {
  const names = new Set([...source.matchAll(/\b(?:const|let)\s+(\w+)\s*=\s*suite\(/g)].map((match) => match[1] ?? ''));
  if (/import\s*\{[^}]*\btest\b[^}]*\}\s*from\s*['"]uvu['"]/.test(source)) names.add('test');
  return [...names].filter((name) => {
    const uses = [...source.matchAll(new RegExp(`(?<![\\w.$'"\`/-])${name}(?:\\.\\w+)*\\(`, 'g'))];
    return uses.at(-1)?.[0] !== `${name}.run(`;
  });
}

function report({ file, seconds, output, problem, passed, skipped }: FileResult): string {
  const time = `${seconds.toFixed(1)} s`;
  if (problem !== undefined) return `FAIL  ${file}  ${time}: ${problem}\n${output.trimEnd()}\n\n`;
  // A test file says why it skips on a line of its own.
  const reasons = output.match(/^skipped: .*$/gm) ?? [];
  const lines = [`ok    ${file}  ${passed} passed${skipped > 0 ? `, ${skipped} skipped` : ''}  ${time}`, ...reasons];
  return `${lines.join('\n      ')}\n`;
}
