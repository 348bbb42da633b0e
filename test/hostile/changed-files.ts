// The model or the template changes under a run. What comes out is of the first content, or nothing is.
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { embeddedModel } from '#src/models/embedded-model.js';
import { finished, runCli, startCli, type CliResult } from '../support/children/cli.js';
import type { Random } from '../support/random.js';
import { fileIn } from '../support/temp-folder.js';
import { requireSentence, type Round } from './round.js';

const ROWS = 300;
const TEMPLATE = '{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}';

interface Run {
  args: string[];
  output: string;
}

function runIn(folder: string, model: string, template: string, name: string): Run {
  const input = path.join(folder, 'input.jsonl');
  if (!existsSync(input)) {
    const row = (id: number): string =>
      JSON.stringify({ id, instruction: `What is ${id}?`, output: 'so '.repeat(id % 9) });
    writeFileSync(input, Array.from({ length: ROWS }, (_, id) => `${row(id)}\n`).join(''));
  }
  const output = path.join(folder, name);
  const exact = ['--deterministic', '--threads', '1', '--progress', 'none'];
  return { args: [input, '-m', model, '--chat-template', template, '-o', output, ...exact], output };
}

/** Does something at a random moment of a run that has read its model and template: its journal has a header then. */
async function during({ args, output }: Run, random: Random, act: () => void): Promise<CliResult> {
  const child = startCli(args);
  child.stdin.end();
  const done = finished(child);
  const begun = (): boolean => (statSync(`${output}.journal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  while (child.exitCode === null && !begun()) await delay(2);
  await delay(random.below(400));
  if (child.exitCode === null) act();
  return done;
}

function changing(what: 'model' | 'template'): Round {
  return async (random, folder) => {
    const model = path.join(folder, 'model.gguf');
    copyFileSync(await embeddedModel(), model);
    const template = fileIn(folder, 'template.jinja', TEMPLATE);
    const whole = runIn(folder, model, template, 'whole.jsonl');
    requireSentence(await runCli(whole.args), 'the undisturbed run');
    const run = runIn(folder, model, template, 'out.jsonl');
    const original = readFileSync(what === 'model' ? model : template);
    const ways =
      what === 'model'
        ? [() => { appendFileSync(model, 'x'); }, () => { utimesSync(model, new Date(), new Date(1)); }, () => { replace(model); }]
        : [() => { writeFileSync(template, 'Other'); }, () => { replace(template, 'Other'); }]; // prettier-ignore
    const ended = await during(run, random, ways[random.below(ways.length)] ?? (() => undefined));
    requireSentence(ended, `a ${what} that changes`);
    if (ended.code !== 0) {
      if (existsSync(run.output)) throw new Error('an output took its name in a run that failed');
      writeFileSync(what === 'model' ? model : template, original);
      const again = await runCli(run.args);
      if (again.code !== 0) throw new Error(`with its ${what} back the run ended with ${again.code}\n${again.stderr}`);
    }
    if (!readFileSync(run.output).equals(readFileSync(whole.output))) throw new Error('the output is another');
  };
}

function replace(file: string, content = ''): void {
  writeFileSync(`${file}.new`, content === '' ? Buffer.concat([readFileSync(file), Buffer.from('x')]) : content);
  renameSync(`${file}.new`, file);
}

export const changedModel = changing('model');
export const changedTemplate = changing('template');
