import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type RunnerOptions, type Totals, runTestFiles } from './runner.js';
import { testIf } from '../support/test-if.js';

/** The fixtures stand beside the sources of the tests: they are not compiled. */
const root = fileURLToPath(new URL('../../../test/runner/fixtures/', import.meta.url));

async function run(filters: string[], options: Partial<RunnerOptions> = {}): Promise<Totals & { report: string }> {
  let report = '';
  const totals = await runTestFiles({ root, filters, write: (text) => (report += text), ...options });
  return { ...totals, report };
}

test('a good file passes, its skipped tests counted', async () => {
  const { passed, failed, skipped, report } = await run(['passes']);
  assert.equal([passed, failed, skipped], [3, 0, 1]);
  assert.match(
    report,
    /^ok {4}passes\.test\.mjs {2}3 passed, 1 skipped {2}\d+\.\d s\n3 passed, 0 failed, 1 skipped\n$/,
  );
});

test('a file whose tests are all skipped passes', async () => {
  const { passed, failed, skipped } = await run(['all-skipped']);
  assert.equal([passed, failed, skipped], [0, 0, 1]);
});

/** Each falls into a trap: how many tests it counts as passed and failed, and the reason given. */
const TRAPS: [file: string, passed: number, failed: number, reason: RegExp][] = [
  ['failing-assert', 1, 1, /exited with 1; 1 of 2 tests passed/],
  ['throwing-before', 0, 2, /: 0 of 2 tests passed/],
  ['throwing-after-each', 0, 1, /: 0 of 1 tests passed/],
  ['missing-run', 0, 1, /did not print the closing lines.*; the last use of test is not test\.run\(\)/],
  ['second-suite-not-run', 1, 1, /: the last use of forgotten is not forgotten\.run\(\)/],
  ['test-after-run', 1, 1, /: the last use of test is not test\.run\(\)/],
  ['zero-tests', 0, 1, /: it holds no tests/],
  ['early-exit.', 0, 1, /did not print the closing lines/],
  ['early-exit-forced', 0, 1, /: it did not print the closing lines/],
  ['unsettled', 0, 1, /did not print the closing lines/],
  ['throws-at-import', 0, 1, /exited with 1; it did not print/],
  ['fails-after-summary', 1, 1, /: it exited with [1-9]\d*\n/],
];

for (const [file, passed, failed, reason] of TRAPS) {
  test(`a file in a trap fails: ${file}`, async () => {
    const result = await run([file]);
    assert.match(result.report, new RegExp(`^FAIL {2}${file.replace('.', '')}\\.test\\.mjs `));
    assert.match(result.report.slice(0, result.report.indexOf('\n') + 1), reason);
    assert.equal([result.passed, result.failed, result.skipped], [passed, failed, 0]);
    assert.ok(result.report.endsWith(`\n${passed} passed, ${failed} failed\n`));
  });
}

test('the output of a failing file is shown whole, that of a good one is not', async () => {
  const { report } = await run(['failing-assert', 'passes']);
  assert.match(report, /one is not two/);
  assert.is(report.match(/Total: /g)?.length, 1);
});

for (const file of ['hang', 'busy', 'open-handle']) {
  test(`a file that does not end is stopped: ${file}`, async () => {
    const began = performance.now();
    const { failed, report } = await run([file], { deadlineSeconds: 1.5 });
    assert.is(failed, 1);
    assert.match(report, /ran past its deadline of 1\.5 s/);
    assert.ok(performance.now() - began < 10_000);
  });
}

const withSignals = testIf(process.platform !== 'win32');
withSignals('a crash is told by its signal', async () => {
  const { failed, report } = await run(['crash']);
  assert.is(failed, 1);
  assert.match(report, /it was ended by SIGABRT/);
});

withSignals('what a file leaves running is ended with it', async () => {
  // The process left behind holds the file's output open: were it not ended, the deadline would be met.
  const { passed, failed } = await run(['leaves-child'], { deadlineSeconds: 20 });
  assert.equal([passed, failed], [1, 0]);
});

test('files under process/ run one at a time', async () => {
  const { passed, failed } = await run(['alone'], { parallel: 2 });
  assert.equal([passed, failed], [2, 0]);
});

test('a filter that selects nothing fails', async () => {
  const { failed, report } = await run(['no-such-file']);
  assert.is(failed, 1);
  assert.is(report, 'No test file matches no-such-file.\n0 passed, 1 failed\n');
});

test('two files run at once, and all are counted', async () => {
  const { passed, failed, report } = await run(['passes', 'failing-assert', 'missing-run', 'zero-tests']);
  assert.equal([passed, failed], [4, 3]);
  assert.ok(report.endsWith('\n4 passed, 3 failed, 1 skipped\n'));
  assert.is(report.match(/^(ok|FAIL) {2}/gm)?.length, 4);
});

test.run();
