// Which backends a build is for: flags of `npm run build -- --cuda`, or INFORM_BACKENDS=cpu,cuda. CMake remembers an
// explicit choice for later builds, so that `npm test` after it does not undo it; `--auto` goes back.
export const BACKENDS = ['auto', 'cpu', 'cuda', 'vulkan', 'metal'];

/** What INFORM_BACKENDS is set to; undefined: as it was. Throws with a sentence. */
export function chosenBackends(args, env) {
  const flags = args.map((flag) => flag.replace(/^--/, ''));
  for (const [i, flag] of flags.entries()) {
    if (!args[i].startsWith('--') || !BACKENDS.includes(flag)) {
      const known = BACKENDS.map((name) => `--${name}`).join(', ');
      throw new Error(`the build does not know ${args[i]}. It takes: ${known}.`);
    }
  }
  if (flags.length > 0) return flags.join(',');
  const list = env.INFORM_BACKENDS?.trim();
  if (!list) return undefined;
  const names = list.toLowerCase().split(/[\s,]+/);
  const unknown = names.find((name) => !BACKENDS.includes(name));
  if (unknown !== undefined) {
    throw new Error(`INFORM_BACKENDS holds "${unknown}", which is none of: ${BACKENDS.join(', ')}.`);
  }
  return names.join(',');
}
