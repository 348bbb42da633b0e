// The measurements of bench/gpu/gpu.sh, which builds what this needs and starts it:
//
//   node dist-dev/bench/gpu/gpu.js --out results.jsonl --models FOLDER --llama-bench FILE [--python FILE] [--minutes N]
//                          [--only ID,ID] [--again] [--tiny]
//
// Each step writes one JSON line as soon as it ends, so that a run may be cut off at any point. A later run with the same
// file goes on with the steps that have no result yet. What a step could not do is a line too, with the reason.

import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '#src/errors.js';
import { hideCards, nvidiaSmi } from './child.js';
import { FULL, TINY } from './sizes.js';
import { stepsOf, type Setting } from './steps.js';
import { log } from '../support/log.js';

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'gpu-results.jsonl' },
    models: { type: 'string', default: 'gpu-models' },
    'llama-bench': { type: 'string', default: 'llama-bench' },
    python: { type: 'string', default: 'python3' },
    minutes: { type: 'string', default: '30' },
    only: { type: 'string', default: '' },
    again: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
  },
});

const sizes = flags.tiny ? TINY : FULL;
const out = path.resolve(flags.out);
const only = flags.only === '' ? undefined : flags.only.split(',');
const done = flags.again || !existsSync(out) ? new Set<string>() : stepsIn(out);
const deadline = AbortSignal.timeout(Number(flags.minutes) * 60_000);
const setting: Setting = {
  sizes,
  folder: path.resolve(flags.models),
  python: flags.python,
  llamaBench: flags['llama-bench'],
  card: (await nvidiaSmi('name')) !== undefined,
  signal: deadline,
};
hideCards();
mkdirSync(setting.folder, { recursive: true });

for (const { id, run } of stepsOf(sizes)) {
  if (done.has(id) || (only !== undefined && !only.includes(id))) continue;
  if (deadline.aborted) {
    log(`${id}: no time left`);
    continue;
  }
  log(id);
  const start = performance.now();
  const line = await run(setting).then(
    (result) => ({ step: id, ok: true, ...result }),
    (error: unknown) => ({ step: id, ok: false, reason: deadline.aborted ? 'out of time' : messageOf(error) }),
  );
  const text = JSON.stringify({ ...line, stepSeconds: (performance.now() - start) / 1000, tiny: flags.tiny });
  appendFileSync(out, `${text}\n`);
  log(text.slice(0, 400));
}

/** The steps that a file holds a result of; those that failed are tried again. */
function stepsIn(file: string): Set<string> {
  const lines = readFileSync(file, 'utf8').split('\n');
  const whole = lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as { step: string; ok: boolean }];
    } catch {
      return []; // cut off while it was written
    }
  });
  return new Set(whole.filter(({ ok }) => ok).map(({ step }) => step));
}
