import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { buildAddon, type BuildHooks } from './build-addon.js';
import { AddonNotFoundError, loadAddon } from './load-addon.js';
import { surroundings, whyNotPrebuilt } from './load-failure.js';
import { InformError } from '../errors.js';
import { packageRoot } from '../util/package-root.js';

export interface ProvideHooks extends BuildHooks {
  /** Told why the addon is built, before it is. */
  readonly onBuild: (why: string) => void;
}

/** A program that a build needs and that is not there. */
interface MissingTool {
  readonly tool: string;
  readonly remedy: string;
}

/** Whether the addon loads. Loading takes a few milliseconds, and what follows needs it anyway. */
export function addonLoads(): boolean {
  return loadError() === undefined;
}

/**
 * Builds the addon, which does not load, and loads it.
 *
 * @throws InformError INFORM_BINARY_NOT_FOUND in a clone, and where this machine has not the tools for a build; what `buildAddon` throws
 */
export async function provideAddon(hooks: ProvideHooks): Promise<void> {
  const error = loadError();
  if (error === undefined) return;
  const named = process.env['INFORM_ADDON_DIR'] ?? '';
  if (surroundings().isClone || named !== '') throw error;
  const missing = await missingTools();
  if (missing.length > 0) {
    const lines = missing.map(({ tool, remedy }) => `  - ${tool} is missing. ${remedy}`);
    const why = ['It cannot be built here as it is:', ...lines].join('\n');
    throw new InformError('INFORM_BINARY_NOT_FOUND', `${error.message}\n${why}`, { cause: error });
  }
  hooks.onBuild(whyNotPrebuilt(surroundings(), error.attempts));
  await buildAddon([], hooks);
  loadAddon();
}

function loadError(): AddonNotFoundError | undefined {
  try {
    loadAddon();
    return undefined;
  } catch (error) {
    if (error instanceof AddonNotFoundError) return error;
    throw error;
  }
}

async function missingTools(): Promise<MissingTool[]> {
  const script = pathToFileURL(path.join(packageRoot(), 'scripts', 'build', 'build-tools.mjs'));
  const tools = (await import(script.href)) as { missingTools: () => MissingTool[] };
  return tools.missingTools();
}
