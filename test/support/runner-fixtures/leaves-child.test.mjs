import { spawn } from 'node:child_process';
import { test } from 'uvu';

// The child shares our output and stays when we leave.
test('one', () => {
  spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'inherit' }).unref();
});
test.run();
