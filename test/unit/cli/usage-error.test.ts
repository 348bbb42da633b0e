import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { normalizeArguments } from '#src/cli/arguments.js';
import { usageError } from '#src/cli/usage-error.js';
import { nearestName } from '#src/util/nearest-name.js';

const FLAGS = {
  'batch-size': 'samples evaluated in parallel',
  model: 'what to score with',
  m: 'what to score with',
  share: '',
};

function said(complaint: string, args: string[], usage = 'quantize <input> <output>'): string {
  return usageError(complaint, { args, flags: FLAGS, usage }).message;
}

test('a flag that does not exist is named as it was typed, with the nearest that does', () => {
  const help = 'Run inform-score quantize --help for the usage.';
  for (const typed of ['--batchsize', '--batch_size', '--Batch-Size', '--batch-sizes']) {
    const name = typed.slice(2);
    assert.is(
      said(`Unknown arguments: ${name}, batchSize`, ['a', typed, '4']),
      `There is no flag ${typed}. Did you mean "--batch-size"? ${help}`,
    );
  }
  assert.is(said('Unknown argument: zzz', ['--zzz=3']), `There is no flag --zzz. ${help}`);
  assert.match(said('Unknown arguments: no-share, noShare', ['--no-share=3']), /^--no-share takes no value\./);
});

test('what is missing or too much is said in the words of the command', () => {
  assert.match(said('Not enough arguments following: m', ['x', '-m']), /^-m needs a value: what to score with\. Run/);
  assert.match(said('Missing required argument: model', ['x']), /^--model is missing: what to score with\. Run/);
  assert.match(
    said('Unknown argument: c.gguf', ['a', 'b', 'c.gguf']),
    /^"c\.gguf" is one argument too many: inform-score quantize <input> <output> takes no more\./,
  );
  assert.match(
    said('Not enough non-option arguments: got 1, need at least 2', ['quantize', 'a']),
    /^Something is missing: inform-score quantize <input> <output>\./,
  );
  assert.match(
    said('Invalid values:\n  Argument: share, Given: "ba", Choices: "bar", "plain"', []),
    /^--share must be one of bar, plain, but is "ba"\. Did you mean "bar"\?/,
  );
  assert.match(said('Did you mean add?', ['backend', 'ad'], 'backend'), /^backend has no "ad"\. Did you mean "add"\?/);
});

test('every mistake in a command line has the code of a wrong usage', () => {
  assert.is(usageError('anything', { args: [], flags: {}, usage: 'demo' }).code, 'INFORM_INVALID_CONFIG');
});

test('a switch takes no value but true and false, and behind "--" there are only files', () => {
  const normal = (line: string): string => normalizeArguments(line.split(' ')).join(' ');
  assert.is(normal('--join data.jsonl -m x'), '--join=true data.jsonl -m x');
  assert.is(normal('--share false data.jsonl'), '--share=false data.jsonl');
  assert.is(normal('-m x -- a.jsonl -b.jsonl --c -'), '-m x a.jsonl ./-b.jsonl ./--c -');
  assert.is(normal('-m x data.jsonl --overwrite'), '-m x data.jsonl --overwrite');
});

test('the nearest name is the same but for case and dashes, or a letter or two away', () => {
  const names = ['inspect', 'demo', 'batch-size'];
  assert.is(nearestName('inspekt', names), 'inspect');
  assert.is(nearestName('Demo', names), 'demo');
  assert.is(nearestName('batchSize', names), 'batch-size');
  assert.is(nearestName('data', names), undefined);
  assert.is(nearestName('anything-else', names), undefined);
});

test.run();
