// One conversion in a process of its own: `node convert-trial.js CHECKPOINT OUTPUT TYPE` prints its time, until the file is
// synced, and its peak memory.

import { convertCheckpoint } from '#src/convert/convert.js';
import { CONVERSION_TYPES } from '#src/gguf/model-types.js';

const [checkpoint = '', output = '', typeName] = process.argv.slice(2);
const type = CONVERSION_TYPES.find((candidate) => candidate === typeName);
if (type === undefined) throw new Error('usage: convert-trial CHECKPOINT OUTPUT TYPE');

const start = performance.now();
await convertCheckpoint(checkpoint, output, { type });
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ seconds, peakRssMb: process.resourceUsage().maxRSS / 1024 }));
