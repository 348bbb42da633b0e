import type { PartialOptions } from '../options/merge.js';
import type { RunSettings } from '../run/settings.js';
import { CONFIG, JSON_FLAG, OVERWRITE, restartFlag, YES } from './shared-flags.js';
import type { Task } from './task.js';

/** What the flags of `scoringFlags` say. */
export interface ScoringArguments {
  config?: string;
  overwrite: boolean;
  restart: boolean;
  yes: boolean;
  json: boolean;
}

/**
 * The flags of commands that score rows on the way to something else.
 *
 * @param work what such a command leaves unfinished, such as "card"
 */
export function scoringFlags(work: string) {
  return { config: CONFIG, json: JSON_FLAG, overwrite: OVERWRITE, restart: restartFlag(work), yes: YES } as const;
}

/** The options of the configuration, and the settings of the runs that such a command makes. */
export async function scoringSettings(
  { config, overwrite, restart, yes }: ScoringArguments,
  { signal, clear }: Task,
): Promise<{ configured: PartialOptions; settings: RunSettings }> {
  const [{ readConfig }, { resumeCommand }, { confirmOnTerminal }] = await Promise.all([
    import('../options/config.js'),
    import('./resume-command.js'),
    import('./confirm.js'),
  ]);
  return {
    configured: config === undefined ? {} : await readConfig(config, signal),
    settings: {
      ...{ overwrite, restart, config },
      confirm: confirmOnTerminal({ yes, signal, beforeAsking: clear }),
      resumeCommand: resumeCommand(process.argv),
    },
  };
}
