import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commandModules, nameOf } from '#src/cli/command-list.js';
import { guideOf } from '#src/cli/help/guide.js';
import { section, wrap } from '#src/cli/help/layout.js';
import { mainHelp } from '#src/cli/help/main-help.js';
import { kebabCase, OPTIONS } from '#src/options/table.js';

const PLAIN = { columns: 80, bold: (text: string) => text };

test('the short help has commands, groups and the usual options; --all has every option', () => {
  const short = mainHelp({ ...PLAIN, all: false });
  const all = mainHelp({ ...PLAIN, all: true });
  for (const heading of ['Commands:', 'Input and output:', 'Model:', 'Speed:', 'GPU:', 'Run:', 'Examples:']) {
    assert.ok(short.includes(`\n${heading}\n`), heading);
    assert.ok(all.includes(`\n${heading}\n`), heading);
  }
  for (const { key, kind, fallback, ...row } of OPTIONS.filter((option) => option.key !== 'input')) {
    const flag = kind.type === 'boolean' && fallback ? `--no-${kebabCase(key)}` : `--${kebabCase(key)}`;
    const shown = new RegExp(`^ .*${flag}( |$)`, 'm');
    assert.match(all, shown);
    assert.is(shown.test(short), 'usual' in row, flag);
  }
});

test('no line is wider than the terminal', () => {
  for (const columns of [40, 80, 110]) {
    const wide = mainHelp({ ...PLAIN, columns, all: true })
      .split('\n')
      .filter((line) => line.length > columns);
    // A path, a command line and a list of values are not broken.
    const unbreakable = /^ {2}inform-score |^Usage|docs\/|README|\||instruction=question/;
    assert.equal(
      wide.filter((line) => !unbreakable.test(line)),
      [],
    );
  }
});

test('headings alone are bold, and only where that was asked for', () => {
  const bold = (text: string): string => `<${text}>`;
  assert.match(mainHelp({ columns: 80, bold, all: false }), /<Usage:> inform-score[^]*\n<Model:>\n/);
  assert.is(section('H', [['a', 'b']], { columns: 80, bold }), '<H>\n  a  b');
});

test('a text is broken at spaces', () => {
  assert.equal(wrap('one two three', 7), ['one two', 'three']);
  assert.equal(wrap('unbreakable a', 3), ['unbreakable', 'a']);
});

test('every command has an example of itself, and a page that exists', () => {
  for (const name of commandModules(() => undefined).map(nameOf)) {
    const { examples, page } = guideOf(name);
    assert.ok(examples.length > 0, name);
    assert.ok(name === 'score' || examples.every(([line]) => line.startsWith(`inform-score ${name}`)), name);
    assert.ok(existsSync(page), page);
  }
});

test.run();
