// What programs in JavaScript may hand to the public functions: each failure is an InformError with a sentence.
import path from 'node:path';
import { inspect } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toInformError } from '#src/errors.js';
import * as api from '#src/index.js';
import { ERROR_CODES, InformError, inspectModel, RewardModel } from '#src/index.js';
import type { LoadedModel } from '#src/scoring/loaded-model.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const FOLDER = tempFolder();
const STRANGE: unknown[] = [
  null,
  undefined,
  5,
  NaN,
  10n,
  true,
  '',
  [],
  {},
  () => 1,
  Symbol('s'),
  new Date(0),
  '\0',
  'a\0b',
];

/** TypeScript would refuse all of this. */
function any(value: unknown): never {
  return value as never;
}

async function failureOf(what: string, call: () => unknown): Promise<InformError> {
  try {
    await call();
  } catch (error) {
    assert.instance(error, InformError, `${what} threw ${String(error)}`);
    const { code, message } = error as InformError;
    assert.ok(ERROR_CODES.includes(code) && code !== 'INFORM_INTERNAL', `${what}: ${code} ${message}`);
    assert.match(message, /^\S.{8,}\.$|^\S.{8,}$/s, what);
    return error as InformError;
  }
  throw new Error(`${what} did not fail`);
}

/** One that is not loaded: arguments are checked first, and samples by the time the engine would get them. */
function hollow(): RewardModel {
  const model = {
    async *scoreJobs(jobs: AsyncIterable<{ tag: unknown; conversation: unknown }>) {
      for await (const { tag, conversation } of jobs) {
        if (conversation instanceof InformError) yield { tag, error: conversation };
        else yield { tag, score: 1, tokens: 1, truncated: false };
      }
    },
    close: () => Promise.resolve(),
  };
  const Constructor = RewardModel as unknown as new (model: LoadedModel) => RewardModel;
  return new Constructor(any(model));
}

async function scored(model: RewardModel, ...args: unknown[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const result of model.scoreAll(any(args[0]), any(args[1]))) results.push(result);
  return results;
}

test('the functions of the package are those that are tried here', () => {
  const functions = Object.entries(api).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  assert.equal(functions.sort(), ['InformError', 'RewardModel', 'findDevices', 'inspectModel']);
  const methods = Object.getOwnPropertyNames(RewardModel.prototype);
  assert.equal(methods.sort(), ['close', 'constructor', 'info', 'score', 'scoreAll']);
});

test('models that are none', async () => {
  for (const value of STRANGE) {
    await failureOf(`load(${String(value)})`, () => RewardModel.load(any(value)));
    await failureOf(`inspectModel(${String(value)})`, () => inspectModel(any(value)));
  }
  const { code, message } = await failureOf('load(null)', () => RewardModel.load(any(null)));
  assert.is(code, 'INFORM_INVALID_ARGUMENT');
  assert.is(message, 'model must be a string that is not empty, but is null (null).');
  const file = fileIn(FOLDER, 'file', 'x');
  for (const name of ['no such file.gguf', file, FOLDER, path.join(file, 'below'), 'x'.repeat(5000)]) {
    await failureOf(name, () => RewardModel.load(name));
    await failureOf(name, () => inspectModel(name));
  }
});

test('options that are none', async () => {
  const file = fileIn(FOLDER, 'model.gguf', 'x');
  for (const value of STRANGE.filter((one) => one !== undefined)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject) continue;
    const calls: [string, () => unknown][] = [
      ['load', () => RewardModel.load(file, any(value))],
      ['inspectModel', () => inspectModel(file, any(value))],
      ['score', () => hollow().score(any({ instruction: 'a', output: 'b' }), any(value))],
      ['scoreAll', () => scored(hollow(), [], value)],
    ];
    for (const [name, call] of calls) {
      const { code, message } = await failureOf(`${name} with ${inspect(value)}`, call);
      assert.is(code, 'INFORM_INVALID_ARGUMENT', message);
    }
  }
  for (const [name, value] of [
    ['signal', 'now'],
    ['onProgress', 'tell me'],
    ['confirmDownload', true],
    ['onReject', {}],
    ['type', null],
    ['batchsize', 3],
  ] as const) {
    const options = any({ [name]: value });
    await failureOf(`load ${name}`, () => RewardModel.load(file, options));
    await failureOf(`inspectModel ${name}`, () => inspectModel(file, options));
    await failureOf(`score ${name}`, () => hollow().score({ instruction: 'a', output: 'b' }, options));
    await failureOf(`scoreAll ${name}`, () => scored(hollow(), [], name === 'signal' ? options : { [name]: value }));
  }
});

test('samples that are none', async () => {
  for (const value of [...STRANGE, { instruction: 1 }, { messages: 'a' }, { id: 10n, instruction: 'a', output: 'b' }]) {
    const { code } = await failureOf(`score(${inspect(value)})`, () => hollow().score(any(value)));
    assert.is(code, 'INFORM_INVALID_SAMPLE');
    const [first] = await Promise.all([failureOf('in a list', () => scored(hollow(), [value]))]);
    assert.is(first.code, 'INFORM_INVALID_SAMPLE');
  }
  for (const value of [...STRANGE.filter((one) => !Array.isArray(one)), 'a text']) {
    const { code } = await failureOf(`scoreAll(${inspect(value)})`, () => scored(hollow(), value));
    assert.is(code, 'INFORM_INVALID_ARGUMENT');
  }
});

test("errors of the caller's own functions come back as they are", async () => {
  const own = new TypeError('mine');
  const fails = (): never => {
    throw own;
  };
  function* samples(): Generator {
    yield { instruction: 'a', output: 'b' };
    fails();
  }
  for (const call of [() => scored(hollow(), samples()), () => scored(hollow(), [null], { onReject: fails })]) {
    const error = await call().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.is(error, own);
  }
});

test('a failure of the system is no bug', () => {
  const system = (code: string, syscall: string): InformError =>
    toInformError(Object.assign(new Error(`${code}: it failed, ${syscall} '/x'`), { code, syscall }));
  assert.is(system('EACCES', 'open').code, 'INFORM_INPUT_UNREADABLE');
  assert.is(system('EACCES', 'mkdir').code, 'INFORM_OUTPUT_UNWRITABLE');
  assert.is(system('ENOSPC', 'open').code, 'INFORM_OUTPUT_UNWRITABLE');
});

test.run();
