// What the scripts that build and run the engine's own tests have in common.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** The model that a script was given; without one it ends with how it is used. */
export function modelArgument(script) {
  const [model] = process.argv.slice(2);
  if (model) return model;
  console.error(
    `usage: npm run ${script} -- MODEL.gguf (F32, F16 or BF16; npm test makes build/test-models-v5/model-bf16.gguf)`,
  );
  process.exit(2);
}

/** Runs a program to its end, which must be the expected one. `packages` bring it where it is missing. */
export function run(command, args, { env = {}, expected = 0, packages = '' } = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status === expected) return;
  if (error?.code === 'ENOENT' && packages) console.error(`${command} is missing. Debian: ${packages}.`);
  else console.error(`${path.basename(command)} ended with ${signal ?? status}`);
  process.exit(1);
}
