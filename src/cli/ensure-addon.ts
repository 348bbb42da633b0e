import { say } from './terminal.js';

/** The commands that need no native code. */
const WITHOUT = ['models', 'select', 'report', 'explain', 'compare', 'merge', 'status', 'backend', 'build'];

/**
 * Makes sure that a command has the addon: where none loads, it is built from source, once.
 *
 * @throws InformError what `provideAddon` throws
 */
export async function ensureAddon(command: string | number | undefined): Promise<void> {
  if (WITHOUT.includes(String(command))) return;
  const { addonLoads, provideAddon } = await import('../addon/provide-addon.js');
  if (addonLoads()) return;
  const { runTask } = await import('./task.js');
  await runTask(async ({ signal, update }) => {
    const onBuild = (why: string): void => {
      say(
        `inform-score: ${why} The addon is built from source now, once; this takes 4 to 12 minutes (docs/install.md).`,
      );
    };
    await provideAddon({ signal, onProgress: update, onBuild });
  });
}
