import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { ChatTemplate, TEMPLATE_MILLISECONDS } from '#src/prompt/chat-template.js';
import { templateDateOf } from '#src/prompt/template-date.js';
import { packageRoot } from '#src/util/package-root.js';

// Made by Python and Jinja2: test/reference/make_date_goldens.py.
const GOLDEN = JSON.parse(readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'dates.json'), 'utf8')) as {
  formats: string[];
  days: Record<string, string[]>;
};

const TOKENS = { bosToken: '', eosToken: '' };
const TURNS = [{ role: 'user' as const, content: 'x' }];

function rendered(source: string, templateDate: string | undefined): string {
  return new ChatTemplate(source, TOKENS, TEMPLATE_MILLISECONDS, templateDateOf({ templateDate })).render(TURNS);
}

test("a named day is written as Python's strftime writes it", () => {
  for (const [day, expected] of Object.entries(GOLDEN.days)) {
    for (const [i, format] of GOLDEN.formats.entries()) {
      assert.is(rendered(`{{ strftime_now(${JSON.stringify(format)}) }}`, day), expected[i], `${day} ${format}`);
    }
  }
});

test("Llama 3.2's way to ask: the day where one is named, else its own", () => {
  const source =
    '{%- if strftime_now is defined %}{% set date = strftime_now("%d %b %Y") %}{% else %}{% set date = "26 Jul 2024" %}{% endif %}{{ date }}';
  assert.is(rendered(source, undefined), '26 Jul 2024');
  assert.is(rendered(source, '2026-11-28'), '28 Nov 2026');
});

test('the time of day is not given, and what is no day is refused', () => {
  assert.throws(
    () => rendered('{{ strftime_now("%H:%M") }}', '2026-11-28'),
    /strftime_now with %H, for which a date is not enough/,
  );
  for (const text of ['2026-02-29', '2026-13-01', '26 Jul 2024', '', '2026-11-28T00:00']) {
    assert.throws(
      () => templateDateOf({ templateDate: text }),
      (error: unknown) => error instanceof InformError && error.code === 'INFORM_INVALID_CONFIG',
    );
  }
});

test.run();
