import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ModelOptions } from '#src/options/model-options.js';
import { OPTIONS, type RunOptions } from '#src/options/table.js';
import { packageRoot } from '#src/util/package-root.js';

type ModelRow = Extract<(typeof OPTIONS)[number], { scope: 'model' }>;
type OfTable = { [R in ModelRow as R['key']]: RunOptions[R['key']] };
type Same<A, B> = [A, B] extends [B, A] ? true : false;

test('the interface has the types of the option table', () => {
  const same: Same<ModelOptions, OfTable> = true; // the compiler's answer
  assert.ok(same);
});

test('the interface is what the script writes out of the option table', async () => {
  const script = pathToFileURL(path.join(packageRoot(), 'scripts', 'dev', 'write-model-options.mjs'));
  const { modelOptionsText } = (await import(script.href)) as { modelOptionsText: () => string };
  const text = readFileSync(path.join(packageRoot(), 'src', 'options', 'model-options.ts'), 'utf8');
  // Prettier breaks lines.
  const plain = (source: string): string => source.replaceAll(/\s+\|?\s*/g, ' ').replaceAll(/: \| /g, ': ');
  const squeezed = (source: string): string => plain(source).replaceAll(/[ |]/g, '');
  assert.is(squeezed(text), squeezed(modelOptionsText()));
});

test.run();
