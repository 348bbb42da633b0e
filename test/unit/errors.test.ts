import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ERROR_CODES, toInformError, InformError } from '#src/errors.js';
import { packageRoot } from '#src/util/package-root.js';

function read(...parts: string[]): string {
  return readFileSync(path.join(packageRoot(), ...parts), 'utf8');
}

test('docs/errors.md has a section for every code, and none for others', () => {
  const sections = [...read('docs', 'errors.md').matchAll(/^### (INFORM_\w+)$/gm)].map((match) => match[1]);
  assert.equal(sections, [...ERROR_CODES]);
});

test('every section names a remedy', () => {
  for (const section of read('docs', 'errors.md').split(/^### /m).slice(1)) {
    assert.match(section, /\*\*Remedy:\*\*/, section.slice(0, 40));
  }
});

test('native code raises only known codes', () => {
  const native = [...read('native', 'engine', 'error_codes.def').matchAll(/^X\(\w+, "(\w+)"\)$/gm)].map(
    (match) => match[1],
  );
  assert.ok(native.length > 5);
  for (const code of native) assert.ok((ERROR_CODES as readonly unknown[]).includes(code), code);
});

test("the addon's errors keep their code; strangers become internal", () => {
  const native = Object.assign(new Error('no room'), { code: 'INFORM_OUT_OF_MEMORY' });
  assert.is(toInformError(native).code, 'INFORM_OUT_OF_MEMORY');
  assert.is(toInformError(native).cause, native);
  assert.is(toInformError(new TypeError('x')).code, 'INFORM_INTERNAL');
  const own = new InformError('INFORM_CLOSED', 'closed');
  assert.is(toInformError(own), own);
});

test.run();
