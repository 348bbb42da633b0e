import type { CommandModule } from 'yargs';
import { runTask } from '../task.js';
import { say } from '../terminal.js';

const BACKENDS = ['cuda', 'vulkan', 'metal'] as const;

/** `inform-score build` */
export const buildCommand: CommandModule<object, { backend: (typeof BACKENDS)[number] | undefined }> = {
  command: 'build',
  describe: 'build the native addon from source, where no prebuilt one fits',
  builder: (argv) =>
    argv.option('backend', {
      choices: BACKENDS,
      requiresArg: true,
      describe: 'also build this GPU backend (default: what this machine can both build and use)',
    }),
  handler: async ({ backend }) => {
    const { buildAddon } = await import('../../addon/build-addon.js');
    const folder = await runTask(({ signal, update }) =>
      buildAddon(backend === undefined ? [] : [`--${backend}`], { signal, onProgress: update }),
    );
    say(`The addon is in ${folder}.`);
  },
};
