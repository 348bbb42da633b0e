import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** A disk with little room, which can be made larger. */
export interface SmallDisk {
  /** What a process needs in its environment to meet it. */
  env: NodeJS.ProcessEnv;
  grow: () => void;
  remove: () => void;
}

/** Makes a folder a small disk: a file system of its own where that is allowed, else writes that fail beyond its size. */
export function smallDisk(folder: string, kibibytes: number): SmallDisk {
  const size = `size=${kibibytes}k`;
  return mount('-t', 'tmpfs', '-o', size, 'tmpfs', folder) ? mountedDisk(folder) : injectedDisk(kibibytes);
}

function mountedDisk(folder: string): SmallDisk {
  return {
    env: {},
    grow: () => {
      if (!mount('-o', 'remount,size=16m', folder)) throw new Error(`${folder} cannot be made larger`);
    },
    remove: () => {
      spawnSync('umount', [folder], { stdio: 'ignore' });
    },
  };
}

function injectedDisk(kibibytes: number): SmallDisk {
  const script = pathToFileURL(path.join(import.meta.dirname, 'no-space.js')).href;
  const env: NodeJS.ProcessEnv = { NODE_OPTIONS: `--import=${script}`, NO_SPACE_AFTER: String(kibibytes * 1024) };
  return {
    env,
    grow: () => {
      delete env['NODE_OPTIONS'];
    },
    remove: () => undefined,
  };
}

function mount(...args: string[]): boolean {
  return spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
}
