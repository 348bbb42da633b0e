import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

/** Hides every CUDA card from a process. */
export const NO_CARD = { CUDA_VISIBLE_DEVICES: '' };

/** What the cards were limited to when this process began. */
const GIVEN_CARDS = { CUDA_VISIBLE_DEVICES: process.env['CUDA_VISIBLE_DEVICES'] };

/** Hides the cards from this process, which tokenizes: it must not hold memory that a trial is measured with. */
export function hideCards(): void {
  Object.assign(process.env, NO_CARD);
}

const SAMPLE_MS = 500;

export interface Output {
  stdout: string;
  seconds: number;
  /** Most memory in use on the first card meanwhile, in bytes; undefined without one. */
  cardBytes: number | undefined;
}

/** Runs a program to its end, ends it when the signal fires, and watches the card's memory. */
export async function run(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = {},
): Promise<Output> {
  const start = performance.now();
  let cardBytes: number | undefined;
  const sampler = setInterval(() => {
    void usedCardBytes().then((bytes) => {
      if (bytes !== undefined) cardBytes = Math.max(cardBytes ?? 0, bytes);
    });
  }, SAMPLE_MS);
  try {
    const stdout = await outputOf(command, args, signal, env);
    return { stdout, seconds: (performance.now() - start) / 1000, cardBytes };
  } finally {
    clearInterval(sampler);
  }
}

/** Starts a program that takes memory of the card, waits until it says that it has it, and ends it on release. */
export async function holdCard(command: string, args: readonly string[]): Promise<{ release: () => Promise<void> }> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...GIVEN_CARDS },
  });
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  const ready = await Promise.race([
    new Promise<boolean>((resolve) =>
      child.stdout.once('data', () => {
        resolve(true);
      }),
    ),
    ended.then(() => false),
  ]);
  if (!ready) throw new Error(`${command} could not take the card's memory.`);
  return {
    release: () => {
      child.stdin.end();
      return ended;
    },
  };
}

function outputOf(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...GIVEN_CARDS, ...env },
      signal,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signalName) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command} ended with ${signalName ?? code}: ${stderr.slice(-1500)}`));
    });
  });
}

async function usedCardBytes(): Promise<number | undefined> {
  const answer = await nvidiaSmi('memory.used');
  return answer === undefined ? undefined : Number(answer) * 2 ** 20;
}

/** One property of the first card; undefined without one. */
export async function nvidiaSmi(property: string): Promise<string | undefined> {
  try {
    const args = [`--query-gpu=${property}`, '--format=csv,noheader,nounits'];
    const { stdout } = await promisify(execFile)('nvidia-smi', args);
    return stdout.split('\n', 1)[0]?.trim();
  } catch {
    return undefined;
  }
}
