/** `npm test [-- FILTER...]`: runs the compiled test files beside this one whose path holds a filter. */

import path from 'node:path';
import { runTestFiles } from './runner.js';

// Without these the tests' processes, each the head of a group of its own, would outlive an interrupted run.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const { failed } = await runTestFiles({
  root: path.dirname(import.meta.dirname),
  filters: process.argv.slice(2),
  write: (text) => process.stdout.write(text),
});
process.exitCode = failed > 0 ? 1 : 0;
