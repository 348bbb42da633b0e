import { spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'children', 'hostile-models-child.js');

export interface Campaign {
  /** A small model that loads. */
  source: string;
  /** For the damaged copies, and those that took a process down. */
  folder: string;
  seed: number;
  first: number;
  end: number;
  /** A model that keeps a process busy for longer hangs. */
  silenceMs: number;
}

export interface CampaignResult {
  /** How many ended in each way: `scored`, or an error's code. */
  outcomes: Map<string, number>;
  /** What should not have happened: a dead process, one that hangs, an error that is none of ours. */
  failures: string[];
}

/** Loads damaged models in child processes, each until one takes it down. */
export async function loadDamagedModels(campaign: Campaign): Promise<CampaignResult> {
  const result: CampaignResult = { outcomes: new Map(), failures: [] };
  for (let next = campaign.first; next < campaign.end;) next = await runChild(campaign, next, result);
  return result;
}

/** Resolves to the index to go on with. */
async function runChild(campaign: Campaign, first: number, result: CampaignResult): Promise<number> {
  const { source, folder, seed, end, silenceMs } = campaign;
  const target = path.join(folder, 'damaged.gguf');
  const child = spawn(process.execPath, [CHILD, source, target, String(seed), String(first), String(end)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => (errors = (errors + bytes.toString()).slice(-2000)));
  const closed = new Promise<string>((resolve) => {
    child.on('close', (code, signal) => {
      resolve(signal ?? `exit code ${code}`);
    });
  });
  let begun = first;
  let done = first;
  let timer = setTimeout(() => child.kill('SIGKILL'), silenceMs);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), silenceMs);
    const [event, index, what = '', ...words] = line.split(' ');
    if (event === 'begin') begun = Number(index);
    if (event !== 'end') continue;
    done = Number(index) + 1;
    result.outcomes.set(what, (result.outcomes.get(what) ?? 0) + 1);
    if (what === 'unclear' || what === 'no-number') fail(`${what} ${words.join(' ')}`);
  }
  clearTimeout(timer);
  const how = await closed;
  if (done === end && how === 'exit code 0') return end;
  fail(`${how}: ${errors.trim().split('\n').slice(-3).join(' | ')}`);
  return begun + 1;

  function fail(why: string): void {
    const kept = path.join(folder, `failure-${seed}-${begun}.gguf`);
    copyFileSync(target, kept);
    result.failures.push(`model ${begun} of seed ${seed} (${kept}): ${why}`);
  }
}
