// `npm run parity -- [--seed N] [--minutes M] [--templates FOLDER]`: parity.py with a Python that has transformers, and with Llama 3's
// vocabulary out of a generated checkpoint.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { peerPaths, pythonWithTransformers } from '../../dist-dev/bench/support/peers.js';
import { oddCheckpoint } from '../../dist-dev/test/support/models/models.js';
import { ODD_CHECKPOINTS } from '../../dist-dev/test/support/models/odd-checkpoints.js';

const python = pythonWithTransformers();
if (python === undefined) {
  console.error(
    `${peerPaths().python} is not there. Name a Python with test/reference/requirements.txt by INFORM_BENCH_PYTHON, or run npm run bench -- install-peers.`,
  );
  process.exit(2);
}
const checkpoint = await oddCheckpoint(ODD_CHECKPOINTS.find(({ name }) => name === 'one-layer'));
const script = join(import.meta.dirname, 'parity.py');
const { status } = spawnSync(python, [script, checkpoint, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 2;
