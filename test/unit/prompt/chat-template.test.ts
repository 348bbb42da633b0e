import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { ChatTemplate } from '#src/prompt/chat-template.js';

const TOKENS = { bos_token: '<B>', eos_token: '<E>' };
const MESSAGES = [
  { role: 'user' as const, content: ' hi ' },
  { role: 'assistant' as const, content: 'yo' },
];

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    assert.instance(error, InformError);
    return (error as InformError).code;
  }
  return 'no error';
}

test('messages, BOS and EOS reach the template; no generation prompt is asked for', () => {
  const source =
    '{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content | trim }};{% endfor %}{{ eos_token }}{{ add_generation_prompt }}';
  assert.is(new ChatTemplate(source, TOKENS).render(MESSAGES), '<B>user:hi;assistant:yo;<E>False');
});

test("today's date stays out of the prompt", () => {
  const source = "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}fixed{% endif %}";
  assert.is(new ChatTemplate(source, TOKENS).render(MESSAGES), 'fixed');
});

test('special tokens, tools and documents are what transformers gives', () => {
  const source =
    '{{ pad_token }}{{ unk_token is defined }}{{ bos_token is defined }}{{ image_token }}{{ tools is none }}{{ documents is none }}{{ date_string is defined }}';
  const tokens = { eos_token: '<E>', pad_token: '<P>', image_token: '<I>' };
  assert.is(new ChatTemplate(source, tokens).render(MESSAGES), '<P>FalseFalse<I>TrueTrueFalse');
});

test('a template that cannot do without the date is refused by the name of the function', () => {
  const { message } = refusal(() => new ChatTemplate("\n{{ strftime_now('%Y') }}", TOKENS).render(MESSAGES));
  assert.match(message, /strftime_now is not given to templates, .* \(line 2\)/);
});

// As Jinja2 3.1.6 renders them: within an operation it makes what is constant while it compiles.
for (const [source, expected] of [
  ['{% if x %}{{ {[]: x} }}{% endif %}', ''],
  ['{% if x %}{{ {[]: 1} }}{% endif %}', ''],
  ['{{ 1 if 1 else {"a": x, []: 1} }}', '1'],
  ['{{ 1 if 1 else {"a": 2, []: x} }}', '1'],
  ['{{ 1 if x is undefined else {"a": 2, []: 1, "b": x} }}', undefined],
  ['{% if x and {(1, []): 1} %}{% endif %}', undefined],
  ['{% if x %}{{ {[]: 1}.a }}{% endif %}', undefined],
  ['{{ {[]: messages} }}', undefined],
] as const) {
  test(`a dict that cannot be made: ${source}`, () => {
    const render = (): string => new ChatTemplate(source, TOKENS).render(MESSAGES);
    if (expected === undefined) assert.is(codeOf(render), 'INFORM_TEMPLATE_FAILED');
    else assert.is(render(), expected);
  });
}

test('a number in text that is marked as safe is a number, as in Jinja2 3.1.6', () => {
  const render = (source: string): string => new ChatTemplate(source, TOKENS).render(MESSAGES);
  assert.is(render("{{ 1e3|safe|float }}|{{ 'x'|safe|float(2) }}|{{ ' 2.5 '|safe|float }}"), '1000.0|2|2.5');
});

test('what is not supported is refused at load, by its name and line', () => {
  const { code, message } = refusal(() => new ChatTemplate('\n\n{{ messages | pprint }}', TOKENS));
  assert.is(code, 'INFORM_TEMPLATE_FAILED');
  assert.match(message, /the filter pprint is not supported in chat templates here \(line 3\)/);
});

// Python: '\n  a. \n'.strip('\n'), .rstrip('. '), and what follows </think>, with .lstrip('\n').
for (const [call, text, expected] of [
  [".strip('\\n')", '\n  a. \n', '  a. '],
  [".rstrip('. ')", '\n  a. . ', '\n  a'],
  [".split('</think>')[-1].lstrip('\\n')", '<think>\nb\n</think>\n\n  a.  ', '  a.  '],
] as const) {
  test(`the characters of ${call} are the only ones that are stripped`, () => {
    const source = `{% for m in messages %}{{- m.content${call} }}{% endfor %}`;
    assert.is(new ChatTemplate(source, TOKENS).render([{ role: 'user', content: text }]), expected);
  });
}

test('what is no template is refused', () => {
  assert.is(
    codeOf(() => new ChatTemplate('{% for %}', TOKENS)),
    'INFORM_TEMPLATE_FAILED',
  );
});

test('a template may refuse a sample', () => {
  const template = new ChatTemplate("{{ raise_exception('roles must alternate') }}", TOKENS);
  assert.is(
    codeOf(() => template.render(MESSAGES)),
    'INFORM_TEMPLATE_FAILED',
  );
});

/** What a template of a hostile model file may try, and the words of the refusal, which comes without the clock. */
const HOSTILE: readonly (readonly [what: string, source: string, words: RegExp])[] = [
  ['a range without end', '{% for i in range(10 ** 12) %}x{% endfor %}', /range\(\) has more than 100000 numbers/],
  ['a range of infinity', "{% for i in range(9 ** 300 * 9 ** 300) %}{% endfor %}", /range\(\) has more than/],
  ['loops in loops', `{% for i in range(999) %}`.repeat(3) + `{% endfor %}`.repeat(3), /loops for too long/],
  ['a text that doubles', growing("'x'", 'ns.x ~ ns.x', '{{ ns.x }}'), /a text of more than \d+ characters/],
  ['a list that doubles', growing('[1]', 'ns.x + ns.x', ''), /loops for too long/],
  ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /macros that call each other/],
  ['a macro that calls itself twice', `{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}`, /loops for too long/],
  ['a slice that stands still', '{{ messages[::0] }}', /a slice has the step 0/],
  ['a list within lists, as JSON', growing('[]', '[ns.x, ns.x]', '{{ ns.x | tojson }}'), /loops for too long/],
  ['a list within lists, printed', growing('[]', '[ns.x, ns.x]', '{{ ns.x }}'), /loops for too long/],
  ['lists within lists, compared', "{% set ns = namespace(x=[], y=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}", /loops for too long/],
  ['a text of a huge width', "{{ 'x'.ljust(10 ** 12) }}", /a text of more than \d+ characters/],
  ['a number of a huge width', "{{ '%0999999999d' % 1 }}", /a text of more than \d+ characters/],
  ['a number of many digits', '{{ 9 ** (9 ** 9) }}', /an integer of more than 65536 bits is not supported/],
]; // prettier-ignore

const FOR_EVER = 3_600_000;

function growing(first: string, next: string, last: string): string {
  return `{% set ns = namespace(x=${first}) %}{% for i in range(60) %}{% set ns.x = ${next} %}{% endfor %}${last}`;
}

function refusal(body: () => unknown): InformError {
  try {
    body();
  } catch (error) {
    assert.instance(error, InformError);
    return error as InformError;
  }
  throw new Error('nothing was refused');
}

for (const [what, source, words] of HOSTILE) {
  test(`a hostile template: ${what}`, () => {
    const { code, message } = refusal(() => new ChatTemplate(source, TOKENS, FOR_EVER).render(MESSAGES));
    assert.is(code, 'INFORM_TEMPLATE_FAILED');
    assert.match(message, words);
  });
}

test('a hostile template that one built-in keeps busy is ended by the clock, at load', () => {
  // A million characters are searched, each time for a step or two.
  const source = "{% set x = 'ab' * 500000 %}{% for i in range(20000) %}{% if x.count('ac') %}{% endif %}{% endfor %}";
  const start = performance.now();
  const { code, message } = refusal(() => new ChatTemplate(source, TOKENS, 200));
  assert.is(code, 'INFORM_TEMPLATE_FAILED');
  assert.match(message, /did not come to an end within 0\.2 s/);
  assert.ok(performance.now() - start < 5000);
});

for (const begin of ['{%', '{{', '{% raw', '{#', "{{ '", '{% raw %}{%', '{{ [', '{{ a|']) {
  test(`a template of 900,000 spaces after ${begin} is refused in no time`, () => {
    const start = performance.now();
    const { code, message } = refusal(() => new ChatTemplate(`${begin}${' '.repeat(900_000)}x`, TOKENS, FOR_EVER));
    assert.is(code, 'INFORM_TEMPLATE_FAILED');
    assert.match(message, /is not valid Jinja: /);
    assert.ok(performance.now() - start < 2000);
  });
}

test('templates that nest without end, or are too large, are refused', () => {
  const deep = `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`;
  assert.match(refusal(() => new ChatTemplate(deep, TOKENS)).message, /not valid Jinja: it nests too deeply/);
  assert.match(refusal(() => new ChatTemplate(' '.repeat(2 ** 20 + 1), TOKENS)).message, /larger than 1 MB/);
});

test('a template reaches neither the process nor prototypes', () => {
  const source =
    "{{ messages.constructor }}{{ ''.constructor }}{{ messages.__proto__ }}{{ namespace.constructor }}{{ process }}|{{ globalThis is defined }}";
  assert.is(new ChatTemplate(source, TOKENS).render(MESSAGES), '|False');
});

test("a template's own words reach the terminal without control characters, and shortened", () => {
  const source = "{{ raise_exception('\u001b[2J' ~ messages[0].content) }}";
  const { message } = refusal(() =>
    new ChatTemplate(source, TOKENS).render([{ role: 'user', content: '\n'.repeat(1000) }]),
  );
  assert.match(message, /^The chat template refused the sample: \\x1b\[2J/);
  assert.ok(message.length < 1300, message);
});

test('the limits grow with the conversation', () => {
  const messages = Array.from({ length: 20_000 }, (_, i) => ({
    role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: 'word '.repeat(50),
  }));
  const source =
    "{% set ns = namespace(out='') %}{% for m in messages %}{% set ns.out = ns.out ~ m.role ~ (m.content | trim) %}{% endfor %}{{ ns.out | length }}";
  assert.is(new ChatTemplate(source, TOKENS).render(messages), String(20_000 * 249 + 10_000 * 13));
});

test('range is Python’s', () => {
  const source = '{{ range(3) }}{{ range(1, 4) }}{{ range(5, 0, -2) }}{{ range(3, 1) }}{{ range(0) }}';
  assert.is(
    new ChatTemplate(source, TOKENS).render(MESSAGES),
    'range(0, 3)range(1, 4)range(5, 0, -2)range(3, 1)range(0, 0)',
  );
});

test.run();
