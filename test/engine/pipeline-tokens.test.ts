import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { checkedConversation } from '#src/input/sample.js';
import { Encoder } from '#src/prompt/encoder.js';
import { readModelRules } from '#src/scoring/encoding-rules.js';
import { packageRoot } from '#src/util/package-root.js';
import { readGoldens } from '../support/assert/goldens.js';
import { testModel } from '../support/models/models.js';
import { chatTemplateOf, loadEngine } from '../support/models/load.js';

interface Case {
  name: string;
  side: 'left' | 'right';
  maxLength: number;
  ids: number[];
}

const FILE = path.join(packageRoot(), 'test', 'fixtures', 'pipeline-tokens.json');
const { cases } = JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] };
const SAMPLES = new Map(readGoldens().samples.map(({ name, sample }) => [name, sample]));
const MODEL = await testModel('bf16');
const ENGINE = await loadEngine(MODEL);
const TEMPLATE = await chatTemplateOf(ENGINE, MODEL);
const { encoding: rules } = await readModelRules({ path: MODEL, headPath: undefined });

async function encoded({ name, side, maxLength }: Case, bos: 'auto' | 'always'): Promise<number[]> {
  const encoder = new Encoder(ENGINE, TEMPLATE, {
    maxLength,
    specialTokens: 'parse',
    rules,
    truncationSide: side,
    bos,
  });
  const [result] = await encoder.encode([checkedConversation(SAMPLES.get(name))]);
  if (!result || result instanceof InformError) throw new Error(`${name}: ${result?.message ?? 'lost'}`);
  return [...result.tokens];
}

test("cut on either side and with a BOS always, token ids are those of transformers' pipeline", async () => {
  assert.ok(cases.length > 80);
  for (const one of cases) {
    assert.equal(await encoded(one, 'always'), one.ids, `${one.name}, ${one.side}, ${one.maxLength}`);
  }
});

test('else there is one BOS', async () => {
  const [whole] = cases.filter(({ maxLength }) => maxLength === 2048);
  if (whole === undefined) throw new Error('no case is whole');
  assert.equal(await encoded(whole, 'auto'), whole.ids.slice(1));
});

test.after(() => ENGINE.close());
test.run();
