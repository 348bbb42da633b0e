#!/usr/bin/env node
// Stands alone, in JavaScript that old versions of Node run too: main.ts imports modules that they cannot parse.
const NEEDED = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  await import('./main.js');
} else {
  process.stderr.write(
    `inform-score: this is Node ${process.versions.node}, but ${NEEDED.join('.')} or newer is needed. Install a newer Node.js.\n`,
  );
  process.exitCode = 1;
}
