import { test } from 'uvu';
import * as assert from 'uvu/assert';
import yargs, { type CommandModule } from 'yargs';
import { commandModules, nameOf } from '#src/cli/command-list.js';
import { outputOf, requiredOutput } from '#src/cli/output-argument.js';

interface Flags {
  key: Record<string, unknown>;
  alias: Record<string, string[]>;
}

/** yargs' types do not tell of its options. */
function flagsOf({ builder }: CommandModule): Flags {
  const argv = yargs([]);
  const built: unknown = typeof builder === 'function' ? builder(argv) : argv;
  return (built as { getOptions(): Flags }).getOptions();
}

test('each command that writes a file takes it with -o, and as the last word unless a list stands before it', () => {
  for (const module of commandModules(() => undefined)) {
    const usage = [module.command ?? ''].flat()[0] ?? '';
    const { key, alias } = flagsOf(module);
    const writes = Object.keys(key).some((name) => name === 'o' || alias[name]?.includes('o'));
    if (usage.includes('[out]')) assert.ok(writes, `${nameOf(module)} has no -o`);
    else if (writes) assert.match(usage, /\.\.[>\]]|^demo$/, `${nameOf(module)} takes -o alone`);
  }
});

test('the output is the last word or behind -o, and not both', () => {
  assert.is(outputOf({}), undefined);
  assert.is(outputOf({ output: 'a' }), 'a');
  assert.is(outputOf({ out: 'a' }), 'a');
  assert.throws(() => outputOf({ output: 'a', out: 'b' }), /named twice: b, and a with -o/);
  assert.throws(
    () => requiredOutput({}, 'convert <checkpoint> [out]'),
    /name it last \(inform-score convert <checkpoint> <out>\) or with -o\./,
  );
});

test.run();
