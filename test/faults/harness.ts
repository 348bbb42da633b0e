import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { finished, startCli, type CliResult } from '../support/children/cli.js';
import { Random } from '../support/random.js';
import { smallDisk } from './small-disk.js';

/** What one kind of fault came to. */
export interface FaultCounts {
  /** Runs that met the fault at least once. */
  runs: number;
  /** Those that were brought to their end afterwards. */
  resumed: number;
  /** Those whose output and rejects are, byte for byte, those of the undisturbed run. */
  identical: number;
  /** Rows of the undisturbed run that are missing or other in the final files, of all runs together. */
  lost: number;
  /** How often the fault struck. */
  faults: number;
  /** Starts that found rows of an earlier one, and did not score them again. */
  resumptions: number;
}

export type FaultKind =
  'kill' | 'signal' | 'fullDisk' | 'cutInput' | 'flippedBytes' | 'changedJournal' | 'changedInput' | 'engineKilled';

export interface HarnessOptions {
  /** A GGUF file, or "demo". */
  model: string;
  /** An empty folder. */
  folder: string;
  seed: number;
  rows?: number | undefined;
  /** Called after each run. */
  onRun?: ((kind: FaultKind, counts: FaultCounts) => void) | undefined;
}

const MAX_FAULTS_A_RUN = 3;
/** The input holds bad rows, so a run that is done says so. */
const DONE = 3;
const INTERRUPTED = 130;
/** Far beyond what a start takes, also where many things run at once. */
const DEADLINE_MS = 600_000;

/** Breaks runs of the real CLI in many ways, resumes each until it is done, and compares it with an undisturbed one. */
export class FaultHarness {
  readonly #input: string;
  #content = '';
  #random: Random;
  #reference: { output: Buffer; rejects: Buffer; journalBytes: number } | undefined;
  #runs = 0;

  constructor(private readonly options: HarnessOptions) {
    this.#input = path.join(options.folder, 'input.jsonl');
    this.#random = new Random(options.seed);
  }

  /** The undisturbed run that all others are compared with. */
  async prepare(): Promise<void> {
    this.#content = sampleRows(this.options.rows ?? 200, this.#random);
    writeFileSync(this.#input, this.#content);
    const output = path.join(this.options.folder, 'reference.jsonl');
    // A shard of one keeps its journal, whose size tells where in a run a moment lies.
    const { code, stderr } = await this.#start(output, ['--shard', '1/1']).done;
    if (code !== DONE) throw new Error(`the undisturbed run ended with ${code}: ${stderr}`);
    this.#reference = { ...readOutput(output), journalBytes: statSync(`${output}.journal`).size };
  }

  /** Has what comes next depend on this seed alone. */
  reseed(seed: number): void {
    this.#random = new Random(seed);
  }

  /** `runs` runs that meet a fault of this kind. */
  async run(kind: FaultKind, runs: number): Promise<FaultCounts> {
    const counts: FaultCounts = { runs: 0, resumed: 0, identical: 0, lost: 0, faults: 0, resumptions: 0 };
    while (counts.runs < runs) {
      await this.#oneRun(kind, counts);
      this.options.onRun?.(kind, counts);
    }
    return counts;
  }

  /** Whether the CLI evaluates in a child process, which can be killed by itself. */
  async hasEngineChild(): Promise<boolean> {
    const output = path.join(this.options.folder, 'child.jsonl');
    const run = this.#start(output);
    await this.#untilJournal(output, 0.3, run);
    const found = (await childrenOf(run.pid)).length > 0;
    await run.done;
    return found;
  }

  async #oneRun(kind: FaultKind, counts: FaultCounts): Promise<void> {
    const folder = path.join(this.options.folder, `run-${this.#runs++}`);
    await mkdir(folder);
    const disk = kind === 'fullDisk' ? smallDisk(folder, 8 + 4 * this.#random.below(8)) : undefined;
    try {
      const output = path.join(folder, 'out.jsonl');
      let struck = 0;
      let result: CliResult | undefined;
      for (let start = 0; start < MAX_FAULTS_A_RUN && result === undefined; start++) {
        const run = this.#start(output, [], disk?.env);
        if (await this.#strike(kind, output, run)) struck++;
        const ended = await run.done;
        this.#countResumption(ended, counts);
        disk?.grow();
        result = ended.code === DONE ? ended : await this.#afterwards(kind, output, ended);
      }
      result ??= await this.#start(output).done;
      this.#countResumption(result, counts);
      if (struck === 0) return; // it was done before the fault came
      counts.runs++;
      counts.faults += struck;
      if (result.code !== DONE) throw new Error(`a run after ${kind} ended with ${result.code}: ${result.stderr}`);
      counts.resumed++;
      this.#compare(output, counts);
    } finally {
      disk?.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Lets the fault happen at a random moment; whether it did. */
  async #strike(kind: FaultKind, output: string, run: RunningCli): Promise<boolean> {
    if (kind === 'fullDisk') return (await run.done).code === 1;
    // Now and then at any moment at all, start and end of the process too; else while rows are scored.
    if (this.#random.below(5) === 0) await delay(this.#random.below(1500));
    else await this.#untilJournal(output, 0.7 * this.#random.next(), run);
    await delay(this.#random.below(30));
    if (run.hasEnded()) return false;
    if (kind === 'engineKilled') {
      const children = await childrenOf(run.pid);
      for (const child of children) process.kill(child, 'SIGKILL');
      return children.length > 0;
    }
    if (kind === 'changedJournal' || kind === 'changedInput') {
      const changed = this.#change(kind === 'changedInput' ? this.#input : `${output}.journal`);
      const { code } = await run.done;
      writeFileSync(this.#input, this.#content);
      return changed && code === 1;
    }
    run.kill(kind === 'signal' ? this.#random.pick(['SIGINT', 'SIGTERM', 'SIGHUP']) : 'SIGKILL');
    const { code, signal } = await run.done;
    return signal !== null || code === INTERRUPTED;
  }

  /** What else goes wrong while nothing runs, and whether it is noticed; a run's end where that brings it there. */
  async #afterwards(kind: FaultKind, output: string, broken: CliResult): Promise<CliResult | undefined> {
    const { code, stderr } = broken;
    switch (kind) {
      case 'fullDisk':
        expect(broken, code === 1 && stderr.includes('disk is full'), 'a full disk');
        return undefined;
      case 'signal':
        // One that comes before the CLI listens ends it as signals do; before the run begins there is nothing to resume.
        expect(
          broken,
          code === null || /Resume it with:\n {2}\S|Begin it with the same command/.test(stderr),
          'an interrupt',
        );
        return undefined;
      case 'flippedBytes':
        return this.#flip(output);
      case 'changedJournal':
        if (code !== 1) return undefined; // it had no journal yet
        expect(broken, stderr.includes('INFORM_JOURNAL_CHANGED'), 'a journal that changed under the run');
        return this.#resumeOrRestart(output, 'a journal that changed under the run');
      case 'changedInput':
        // One that changes before it is hashed, in a later start, is another input than that of the journal.
        expect(
          broken,
          /INPUT_CHANGED|CANNOT_RESUME|INPUT_UNREADABLE/.test(stderr),
          'an input that changed under the run',
        );
        return undefined;
      case 'cutInput':
        return this.#cutInput(output);
      default:
        return undefined;
    }
  }

  async #flip(output: string): Promise<CliResult | undefined> {
    const journal = `${output}.journal`;
    if (sizeOf(journal) === 0) return undefined;
    const bytes = readFileSync(journal);
    const rows = linesOf(bytes).length - 1;
    const at = this.#random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
    writeFileSync(journal, bytes);
    const next = await this.#start(output).done;
    expect(next, rows === 0 || /is damaged|was cut off|CANNOT_RESUME/.test(next.stderr), 'a flipped bit');
    return next.code === DONE ? next : this.#restart(output, next, 'a flipped bit');
  }

  async #resumeOrRestart(output: string, what: string): Promise<CliResult> {
    const next = await this.#start(output).done;
    return next.code === DONE ? next : this.#restart(output, next, what);
  }

  /** Where the header is damaged nothing else is left, and the run says so. */
  async #restart(output: string, refused: CliResult, what: string): Promise<CliResult> {
    expect(refused, refused.stderr.includes('--restart'), what);
    return this.#start(output, ['--restart']).done;
  }

  /** Flips a bit of a file, cuts it, or appends to a journal, in place and while it is in use; whether it was there. */
  #change(file: string): boolean {
    const size = sizeOf(file);
    const at = this.#random.below(Math.max(size, 1));
    const how = this.#random.below(3);
    if (size === 0) return false;
    if (how === 0) truncateSync(file, at);
    else if (how === 1 && file !== this.#input) appendFileSync(file, '{"row": 5}\n');
    else {
      const descriptor = openSync(file, 'r+');
      const byte = Buffer.alloc(1);
      readSync(descriptor, byte, 0, 1, at);
      writeSync(
        descriptor,
        byte.map((bits) => bits ^ 4),
        0,
        1,
        at,
      ); // no line break becomes or is made of it
      closeSync(descriptor);
    }
    return true;
  }

  async #cutInput(output: string): Promise<CliResult | undefined> {
    const journal = `${output}.journal`;
    if (sizeOf(journal) === 0) return undefined;
    const rows = linesOf(readFileSync(journal)).length - 1;
    const whole = readFileSync(this.#input);
    writeFileSync(this.#input, whole.subarray(0, this.#random.below(whole.length)));
    const next = await this.#start(output).done;
    writeFileSync(this.#input, whole);
    // A run that has no row yet has nothing to keep, and takes what it is given.
    if (rows > 0) expect(next, next.code === 1 && next.stderr.includes('INFORM_CANNOT_RESUME'), 'a cut input');
    else for (const suffix of ['', '.journal', '.rejects.jsonl']) rmSync(`${output}${suffix}`, { force: true });
    return undefined;
  }

  /** Waits until a share of the journal's bytes is written, or the run has ended. */
  async #untilJournal(output: string, share: number, run: RunningCli): Promise<void> {
    const bytes = share * (this.#reference?.journalBytes ?? 0);
    while (!run.hasEnded() && sizeOf(`${output}.journal`) < bytes) await delay(2);
  }

  #countResumption({ stderr }: CliResult, counts: FaultCounts): void {
    if (stderr.includes('Resuming: ')) counts.resumptions++;
  }

  #compare(output: string, counts: FaultCounts): void {
    const reference = this.#reference;
    if (reference === undefined) throw new Error('prepare() comes first');
    const files = readOutput(output);
    if (files.output.equals(reference.output) && files.rejects.equals(reference.rejects)) counts.identical++;
    const lines = new Set([...linesOf(files.output), ...linesOf(files.rejects)]);
    const expected = [...linesOf(reference.output), ...linesOf(reference.rejects)];
    counts.lost += expected.filter((line) => !lines.has(line)).length;
  }

  #start(output: string, flags: string[] = [], env: NodeJS.ProcessEnv = {}): RunningCli {
    const { model } = this.options;
    const child = startCli(
      [this.#input, '-m', model, '-o', output, '--deterministic', '--threads', '1', '--progress', 'none', ...flags],
      env,
      DEADLINE_MS,
    );
    child.stdin.end();
    let ended = false;
    child.once('exit', () => (ended = true));
    return {
      pid: child.pid ?? 0,
      done: finished(child),
      hasEnded: () => ended,
      kill: (signal) => void child.kill(signal),
    };
  }
}

interface RunningCli {
  pid: number;
  done: Promise<CliResult>;
  hasEnded: () => boolean;
  kill: (signal: NodeJS.Signals) => void;
}

/** Short samples, some bad ones, some without an id. */
function sampleRows(count: number, random: Random): string {
  return Array.from({ length: count }, (_, row) => {
    if (random.below(20) === 0) return `{"id": ${row}, "instruction": \n`;
    const words = Array.from({ length: 1 + random.below(12) }, () => random.pick(['two', 'plus', 'is', 'four', 'so']));
    const sample = { instruction: `What is ${row}?`, output: words.join(' ') };
    return `${JSON.stringify(random.below(10) === 0 ? sample : { id: `row ${row}`, ...sample })}\n`;
  }).join('');
}

function readOutput(output: string): { output: Buffer; rejects: Buffer } {
  return { output: readFileSync(output), rejects: readFileSync(`${output}.rejects.jsonl`) };
}

function linesOf(bytes: Buffer): string[] {
  return bytes.toString().trimEnd().split('\n');
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The processes that a process started and that still run (Linux). */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

function expect(result: CliResult, met: boolean, what: string): void {
  if (!met) throw new Error(`${what} was met wrongly: exit code ${result.code}\n${result.stderr}`);
}
