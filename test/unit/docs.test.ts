import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';

const ROOT = packageRoot();
const PAGES = readdirSync(path.join(ROOT, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

test('every page says first for whom it is', () => {
  for (const page of PAGES) {
    const [, first = ''] = readFileSync(path.join(ROOT, page), 'utf8').split('\n\n', 2);
    assert.match(first, /^For (?:who|everyone) /, page);
  }
});

test('every link within the repository leads to a file, and to a heading of it', () => {
  for (const page of ['README.md', ...PAGES]) {
    const text = readFileSync(path.join(ROOT, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const linked = file === '' ? path.join(ROOT, page) : path.join(ROOT, path.dirname(page), file);
      assert.ok(existsSync(linked), `${page}: ${target}`);
      if (anchor !== undefined) assert.ok(anchorsOf(linked).includes(anchor), `${page}: ${target}`);
    }
  }
});

/** As the hosts of repositories make them of headings. */
function anchorsOf(file: string): string[] {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.run();
