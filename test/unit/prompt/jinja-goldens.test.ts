import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TemplateError, TemplateLimitError, UnsupportedError } from '#src/prompt/jinja/errors.js';
import { JinjaTemplate } from '#src/prompt/jinja/template.js';
import { cacheFolder } from '#src/util/cache-folder.js';
import { packageRoot } from '#src/util/package-root.js';
import { testIf } from '../../support/test-if.js';

// The judge is Python's Jinja2 as transformers sets it up: test/reference/make_template_goldens.py made these goldens.

/** A text, or the name of the error that was raised. */
interface Result {
  readonly text?: string;
  readonly error?: string;
}

interface Goldens {
  readonly tokens: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly kinds: Readonly<Record<string, readonly ({ readonly template: string } & Result)[]>>;
  readonly conversations: readonly { readonly name: string; readonly messages: readonly unknown[] }[];
  /** Others' templates, by their hashes; so is what comes out of them, in the order of the conversations. */
  readonly templates: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly results: readonly Result[];
  }[];
}

const GOLDENS = JSON.parse(
  gunzipSync(fs.readFileSync(path.join(packageRoot(), 'test/fixtures/template-goldens.json.gz'))).toString('utf8'),
) as Goldens;

/** All that Jinja2 renders and we refuse, by the words of the refusals. What else differs is a fault. */
const REFUSALS = [
  /^the filter (filesizeformat|pprint|random|striptags|urlencode|urlize|wordwrap|xmlattr) /,
  /^the filter sum on floats /,
  /^the block (autoescape|block) /,
  /^the variable self /,
  /^the letter \S+ in a name /,
  /^(a filter on|an item of|a search in|\S+ of a|\+ with) text marked as safe /,
  /^(real of a int|is_integer of a float) /,
  /^printing a (function|generator) /,
  /^a float of an integer of more than 53 bits /,
  /^the power \S+ \*\* \S+ /,
  /^(the number 1e400|a number as large as the result for \S+ and \S+) /,
  /^a number written in other digits than 0 to 9 /,
  /^(n in the layout of a number|# in the layout of a float|z in a layout|a precision without a type in the layout of a float) /,
  /^the (title|swapped) case of Σ and İ /,
  /^\\N\{\.\.\.\} in a text /,
  /^sameas of equal values of type str /,
  /^a comparison of dict views /,
  /^a macro that is called after the loop that it stands in /,
];

function render(template: string, variables: Readonly<Record<string, unknown>>): Result & { refusal?: string } {
  try {
    return { text: new JinjaTemplate(template).render(variables, 1000) };
  } catch (error) {
    assert.ok(error instanceof TemplateError || error instanceof TemplateLimitError, `${template}: ${String(error)}`);
    const { message } = error;
    return error instanceof UnsupportedError ? { error: message, refusal: message } : { error: message };
  }
}

for (const [kind, cases] of Object.entries(GOLDENS.kinds)) {
  test(`${cases.length} templates about ${kind} are rendered as Jinja2 does, or refused by name`, () => {
    assert.ok(cases.length > 50);
    const unexpected: unknown[] = [];
    for (const { template, text, error } of cases) {
      const ours = render(template, GOLDENS.variables);
      if (text === undefined ? ours.error !== undefined : ours.text === text) continue;
      const { refusal } = ours;
      if (refusal === undefined || !REFUSALS.some((known) => known.test(refusal))) {
        unexpected.push({ template, jinja2: text ?? error, ours });
      }
    }
    assert.equal(unexpected, []);
  });
}

/** llama.cpp's source tree, where the build has unpacked it. */
function templateFolder(): string | undefined {
  const chosen = process.env['INFORM_LLAMA_CPP_DIR'];
  const cache = cacheFolder();
  const cached = fs.existsSync(cache) ? fs.readdirSync(cache).filter((name) => name.startsWith('llama.cpp-')) : [];
  return [...(chosen ? [chosen] : []), ...cached.map((name) => path.join(cache, name))]
    .map((tree) => path.join(tree, 'models', 'templates'))
    .find((folder) => fs.existsSync(folder));
}

const FOLDER = templateFolder();

testIf(FOLDER !== undefined)('the chat templates that llama.cpp ships are rendered as Jinja2 does', () => {
  const different: string[] = [];
  let rendered = 0;
  for (const { name, sha256, results } of GOLDENS.templates) {
    const source = fs.readFileSync(path.join(FOLDER ?? '', name), 'utf8');
    assert.is(hash(source), sha256, name);
    for (const [at, { text }] of results.entries()) {
      const conversation = GOLDENS.conversations[at];
      const { messages } = conversation ?? {};
      const variables = { ...GOLDENS.tokens, messages, tools: null, documents: null, add_generation_prompt: false };
      const ours = render(source, variables).text;
      if (text === undefined ? ours !== undefined : ours === undefined || hash(ours) !== text) {
        different.push(`${name}: ${conversation?.name ?? ''}`);
      }
      rendered++;
    }
  }
  assert.equal(different, []);
  assert.ok(rendered > 1000);
});

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test.run();
