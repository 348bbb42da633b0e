import path from 'node:path';
import { mergeOptions } from './config.js';
import { DEMO } from './model-source.js';
import { packageRoot } from './package-root.js';
import { runScore } from './run-score.js';

/** Real pairs from AlpacaEval; examples/README.md names source and licence. */
const EXAMPLES = path.join('examples', 'alpaca-eval-16.jsonl');

/** Scores the shipped examples with the embedded model. Resolves to the exit code. */
export function runDemo(): Promise<number> {
  const options = mergeOptions({ model: DEMO, input: [path.join(packageRoot(), EXAMPLES)] });
  return runScore(options, { overwrite: false, progress: 'auto' });
}
