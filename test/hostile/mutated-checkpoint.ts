// A checkpoint with one file damaged, missing, or something else than a file: it is converted or refused with a sentence.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCli } from '../support/children/cli.js';
import { damagedBytes, damagedJson } from '../support/models/damage.js';
import { oddCheckpoint } from '../support/models/models.js';
import { ODD_CHECKPOINTS } from '../support/models/odd-checkpoints.js';
import type { Random } from '../support/random.js';
import { requireSentence } from './round.js';

export async function mutatedCheckpoint(random: Random, folder: string): Promise<void> {
  const odd = ODD_CHECKPOINTS[random.below(ODD_CHECKPOINTS.length)];
  if (odd === undefined) throw new Error('there are no checkpoints');
  const copy = path.join(folder, 'checkpoint');
  cpSync(await oddCheckpoint(odd), copy, { recursive: true });
  const [first = '', ...others] = readdirSync(copy);
  const name = random.pick([first, ...others]);
  damage(path.join(copy, name), random);
  const args = ['convert', copy, '-o', path.join(folder, 'out.gguf'), '--type', random.pick(['bf16', 'q8_0', 'f32'])];
  requireSentence(await runCli(args), `${odd.name} with another ${name}`);
}

function damage(file: string, random: Random): void {
  const isJson = file.endsWith('.json');
  const kind = random.below(10);
  if (kind < 5 && isJson) {
    writeFileSync(file, JSON.stringify(damagedJson(JSON.parse(readFileSync(file, 'utf8')), random)));
  } else if (kind < 7) {
    writeFileSync(file, damagedBytes(readFileSync(file), random));
  } else {
    rmSync(file);
    if (kind === 7) execFileSync('mkfifo', [file]);
    else if (kind === 8) mkdirSync(file);
    else symlinkSync(random.pick(['/dev/zero', file, '/nowhere']), file);
  }
}
