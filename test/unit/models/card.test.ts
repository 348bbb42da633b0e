import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pythonValues } from '#src/models/card/python-values.js';
import { publishedScores } from '#src/models/card/published-scores.js';
import { packageRoot } from '#src/util/package-root.js';
import { expectError } from '../../support/assert/expect-error.js';

const CASES = JSON.parse(readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'python-values.json'), 'utf8')) as {
  code: string;
  /** null where it is no Python. */
  values: Record<string, unknown> | null;
}[];

test('names have the values that Python gives them, and what is computed has none', () => {
  for (const { code, values } of CASES) {
    if (values !== null) assert.equal(Object.fromEntries(pythonValues(code)), values, code);
  }
});

test('no text is more than looked at: cut, nested or endless code gives nothing', () => {
  for (const { code } of CASES) {
    for (let end = 0; end < code.length; end++) pythonValues(code.slice(0, end));
  }
  assert.is(pythonValues(`deep = ${'['.repeat(1e5)}`).size, 0);
  assert.is(pythonValues(`a = ${'("x" '.repeat(1e4)}`).size, 0);
  assert.is(pythonValues('a = "\\N{DASH}"\nb = "\\U00FFFFFF"').size, 0);
  assert.equal([...pythonValues('__proto__ = "x"')], [['__proto__', 'x']]);
});

const EXAMPLE = `
prompt = "How many legs has a spider?"
conv1 = [{"role": "user", "content": prompt}, {"role": "assistant", "content": "Eight."}]
conv2 = [{"role": "user", "content": prompt}, {"role": "assistant", "content": "Six."}]
print(f"Score for response 1: {score1}")
`;

function card(code: string, fence = '```'): string {
  return `---\nlicense: mit\n---\n# A model\n\n${fence}bash\npip install x\n${fence}\n\n${fence}python\n${code}\n${fence}\n`;
}

test('a card publishes its conversations with their scores, however it writes them', () => {
  for (const lines of [
    '# Expected output:\n# Score for response 1: 23.0\n# Score for response 2: 3.59375',
    '# Output:\n# 23.0\n# 3.59375',
    '# Output: [23.0, 3.59375]',
    '# score1: 23.0\n# score2: 3.59375\n# higher is better',
  ]) {
    const published = publishedScores(card(EXAMPLE + lines), 'card');
    assert.equal(
      published.map(({ score }) => score),
      [23, 3.59375],
      lines,
    );
    assert.equal(published[1]?.messages, [
      { role: 'user', content: 'How many legs has a spider?' },
      { role: 'assistant', content: 'Six.' },
    ]);
  }
});

test('the first whole example counts; a card without one is refused by what it has', async () => {
  const half = '```python\nconv = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]\n```\n';
  const whole = card(`${EXAMPLE}# Score for response 1: 1\n# Score for response 2: -2.5\n`, '~~~');
  assert.is(publishedScores(half + whole, 'card').length, 2);
  await expectError('INFORM_INVALID_CHECKPOINT', /only 1 conversation and 0 scores/, () => publishedScores(half, 'x'));
  await expectError('INFORM_INVALID_CHECKPOINT', /it has no example in Python with a conversation/, () =>
    publishedScores('# Nothing', 'x'),
  );
});

test.run();
