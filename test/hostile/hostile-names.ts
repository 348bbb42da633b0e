// Names, ids and texts with control characters: none reaches the terminal as one.
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { embeddedModel } from '#src/models/embedded-model.js';
import { runCli } from '../support/children/cli.js';
import type { Random } from '../support/random.js';
import { fileIn } from '../support/temp-folder.js';
import { requireSentence } from './round.js';

const PARTS = [
  '\u001b[2J', '\u001b]0;x\u0007', '\u009b31m', '\r', '\n', '\t', '\b', '\u007f', '\u202e', '\u2066', '\u2028', '\u0085', "'", '"', '$(x)', '-', ' ', '%s', '\\', '你', 'a',
] as const; // prettier-ignore

export async function hostileNames(random: Random, folder: string): Promise<void> {
  const hostile = (): string => Array.from({ length: 1 + random.below(6) }, () => random.pick(PARTS)).join('');
  const place = path.join(folder, `d${hostile()}`);
  mkdirSync(place);
  const model = path.join(place, `m${hostile()}.gguf`);
  copyFileSync(await embeddedModel(), model);
  const row = (): unknown => ({
    id: hostile(),
    instruction: hostile(),
    output: random.pick<unknown>([hostile(), 3, null]),
  });
  const rows = Array.from({ length: 5 }, () => `${JSON.stringify(row())}\n`).join('');
  const input = fileIn(place, `i${hostile()}.jsonl`, random.below(5) === 0 ? hostile() : rows);
  const template = fileIn(place, 't.jinja', '{{ raise_exception(messages[0].content) }}');
  const commands: [string[], ...string[][]] = [
    [input, '-m', model, '--progress', 'plain', '--stats'],
    [input, '-m', model, '-o', path.join(place, `o${hostile()}`), '--verbose'],
    [input, '-m', model, '--chat-template', template],
    [input, '-m', `${model}${hostile()}`],
    [input, '-m', model, `--${hostile()}`],
    ['inspect', model],
    ['plan', model, '--json'],
    ['merge', input, '-o', path.join(place, 'merged.jsonl')],
  ];
  const args = random.pick(commands);
  requireSentence(await runCli(args), JSON.stringify(args));
}
