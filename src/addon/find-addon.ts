import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { builtAddonFault, builtAddonFolder } from './built-addon.js';
import { packageOf, platformsFor } from './platforms.js';
import { installedPackage, packageRoot } from '../util/package-root.js';

/** The addon's file; llama.cpp's libraries and every CPU's variant lie beside it. */
export const ADDON_FILE = 'inform_score.node';

/** A place that may have the addon. */
export interface AddonPlace {
  /** What it is, for people. */
  readonly what: string;
  /** The addon's path; else why there is none. */
  readonly addon: { readonly file: string } | { readonly reason: string };
}

/** What stands for a package that is not there. */
export const NOT_INSTALLED = 'not installed';

/**
 * Where the addon is looked for, in this order: the build of a clone; what `inform-score build` made, which somebody wanted; the
 * package for this platform. `INFORM_ADDON_DIR` names the only place.
 */
export function* addonPlaces(env: NodeJS.ProcessEnv = process.env): Generator<AddonPlace> {
  const named = env['INFORM_ADDON_DIR'];
  if (named !== undefined && named !== '') {
    yield placeIn('INFORM_ADDON_DIR', path.resolve(named));
    return;
  }
  yield cloneBuild();
  const built = builtAddonFolder(env);
  if (built !== undefined) {
    const fault = builtAddonFault(built);
    const what = 'built by `inform-score build`';
    yield fault === undefined ? placeIn(what, built) : { what, addon: { reason: fault } };
  }
  for (const platform of platformsFor(process.platform, process.arch)) {
    const name = packageOf(platform);
    const folder = installedPackage(name);
    yield folder === undefined ? { what: name, addon: { reason: NOT_INSTALLED } } : placeIn(name, folder);
  }
}

/** build/Release, by node-gyp-build's rules for where a package's addon lies. */
function cloneBuild(): AddonPlace {
  const what = 'build/Release of a clone';
  const require = createRequire(import.meta.url);
  const { resolve } = require('node-gyp-build') as { resolve: (folder: string) => string };
  try {
    return { what, addon: { file: resolve(packageRoot()) } };
  } catch {
    return { what, addon: { reason: `no addon in ${path.join(packageRoot(), 'build', 'Release')}` } };
  }
}

function placeIn(what: string, folder: string): AddonPlace {
  const file = path.join(folder, ADDON_FILE);
  return { what, addon: existsSync(file) ? { file } : { reason: `no addon in ${folder}` } };
}
