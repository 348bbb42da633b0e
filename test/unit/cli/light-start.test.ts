import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';

const DIST = path.join(packageRoot(), 'dist');

/** What a module loads before any of it runs: the compiled files by their paths in dist/, and packages by their names. */
function loadedBy(...entries: readonly string[]): Set<string> {
  const loaded = new Set<string>();
  const waiting = [...entries];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (loaded.has(name)) continue;
    loaded.add(name);
    if (!name.endsWith('.js')) continue;
    const text = readFileSync(path.join(DIST, name), 'utf8');
    for (const [, from = ''] of text.matchAll(/^(?:import|export)\s(?:[^'";=]*\sfrom\s)?['"]([^'"]+)['"]/gm)) {
      if (from.startsWith('node:')) continue;
      waiting.push(from.startsWith('.') ? path.posix.join(path.posix.dirname(name), from) : from);
    }
  }
  return loaded;
}

function packagesIn(loaded: ReadonlySet<string>): string[] {
  return [...loaded].filter((name) => !name.endsWith('.js'));
}

test('a run over JSON Lines loads no library of other formats, and neither the converter nor the hub', () => {
  const loaded = loadedBy('cli/engine-task.js', 'run/score-run.js', 'options/merge.js', 'run/shards/array-task.js');
  assert.ok(loaded.has('scoring/in-order.js'), 'imports are followed');
  assert.equal(packagesIn(loaded), []);
  const heavy = [...loaded].filter(
    (name) => /^(convert|head|quantize)\//.test(name) || /^models\/hub\/(?!hub-id)/.test(name),
  );
  assert.equal(heavy, []);
});

test("the engine's process and what starts it load no library", () => {
  assert.equal(packagesIn(loadedBy('supervisor/child.js', 'cli/main.js')), []);
});

test.run();
