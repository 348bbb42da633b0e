import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseConfig, readConfig } from '#src/options/config.js';
import { InformError } from '#src/errors.js';
import { expectError } from '../../support/assert/expect-error.js';
import { Random } from '../../support/random.js';
import { damagedBytes } from '../../support/models/damage.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

function refusal(text: string): string {
  try {
    parseConfig(text, 'c.yaml');
  } catch (error) {
    assert.instance(error, InformError);
    assert.is((error as InformError).code, 'INFORM_INVALID_CONFIG');
    return (error as InformError).message;
  }
  throw new Error(`accepted: ${text.slice(0, 100)}`);
}

test('tags that would make something of a text are refused', () => {
  for (const tag of ['!!js/function', '!!js/regexp', '!!python/object/apply:os.system', '!Custom', '!!binary']) {
    assert.match(refusal(`name: ${tag} 'x'`), /c\.yaml is not valid YAML: .*tag.*\(line 1\)\./);
  }
});

test('aliases stand for values', () => {
  assert.equal(parseConfig('max_length: &n 512\ncontext_tokens: *n', 'c.yaml'), { maxLength: 512, contextTokens: 512 });
});

test('a tower of aliases is refused before anything walks through it', () => {
  const floor = (n: number): string =>
    `a${n}: &a${n} [${Array<string>(9)
      .fill(`*a${n - 1}`)
      .join(', ')}]`;
  const tower = ['a0: &a0 [x]', ...Array.from({ length: 30 }, (_, i) => floor(i + 1))].join('\n');
  const start = performance.now();
  assert.match(refusal(tower), /aliases exceeded maxAliases/);
  assert.match(refusal(`name: &a [*a]`), /is not valid YAML|must be a string/);
  assert.ok(performance.now() - start < 1000);
});

test('nesting without end is refused, in any notation', () => {
  for (const text of ['['.repeat(500_000), '{a: '.repeat(200_000), '- '.repeat(400_000), '? '.repeat(400_000)]) {
    const start = performance.now();
    assert.match(refusal(`name: ${text}`), /is not valid YAML/);
    assert.match(refusal(text), /is not valid YAML/);
    assert.ok(performance.now() - start < 2000);
  }
});

test('a key given twice, keys that are no text, merges and prototypes are refused', () => {
  assert.match(refusal('batch_size: 1\nbatch_size: 2'), /duplicated mapping key/);
  for (const text of ['<<: {batch_size: 2}', '? [a, b]\n: 1', '__proto__: {batchSize: 3}', 'constructor: 1', '1: 2']) {
    assert.match(refusal(text), /unknown key|is not valid YAML/, text);
  }
  assert.is(({} as { batchSize?: unknown }).batchSize, undefined);
});

test('a file that is too large, or has no end, is refused without being read whole', async () => {
  const large = fileIn(folder, 'large.yaml', Buffer.alloc(2 ** 20 + 1, '#'));
  await expectError('INFORM_INVALID_CONFIG', /larger than 1 MB/, () => readConfig(large));
  const endless = join(folder, 'endless.yaml');
  symlinkSync('/dev/zero', endless);
  await expectError('INFORM_INVALID_CONFIG', /larger than 1 MB/, () => readConfig(endless));
});

const WHOLE = `# comment
name: InfOrmScorer
model: "demo"   # quoted
batch_size: 32
max_length: &n 4096
context_tokens: *n
share: true
kv_type: f16
input:
  - a.jsonl
  - 'b.jsonl'
output: >-
  scores
  .jsonl
on_error: reject
`;

test('damaged configurations: a sentence, or options that all are what they must be', () => {
  const random = new Random(20261125);
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const text = damagedBytes(Buffer.from(WHOLE), random).toString('utf8');
    try {
      const { batchSize, maxLength, input, share } = parseConfig(text, 'c.yaml');
      if (batchSize !== undefined)
        assert.ok(Number.isInteger(batchSize) && Number(batchSize) >= 1 && Number(batchSize) <= 256);
      if (maxLength !== undefined) assert.ok(Number.isInteger(maxLength) && Number(maxLength) >= 1);
      if (input !== undefined)
        assert.ok(Array.isArray(input) && input.every((path) => typeof path === 'string' && path !== ''));
      if (share !== undefined) assert.type(share, 'boolean');
    } catch (error) {
      if (!(error instanceof InformError)) throw new Error(`round ${round}: ${String(error)}`, { cause: error });
      assert.is(error.code, 'INFORM_INVALID_CONFIG');
      assert.ok(error.message.length < 1000, error.message);
      refused++;
    }
  }
  assert.ok(refused > 500, `${refused} refused`);
});

test.run();
