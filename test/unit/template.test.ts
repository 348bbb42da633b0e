import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '../../src/errors.js';
import { ChatTemplate } from '../../src/template.js';

const TOKENS = { bosToken: '<B>', eosToken: '<E>' };
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
  assert.is(new ChatTemplate(source, TOKENS).render(MESSAGES), '<B>user:hi;assistant:yo;<E>false');
});

test("today's date stays out of the prompt", () => {
  const source = "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}fixed{% endif %}";
  assert.is(new ChatTemplate(source, TOKENS).render(MESSAGES), 'fixed');
});

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

test.run();
