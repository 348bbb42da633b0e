import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageRoot } from '#src/util/package-root.js';

/** Where and when something was measured. */
export interface Circumstances {
  machine: string;
  versions: string;
  date: string;
  command: string;
}

export function circumstances(command: string): Circumstances {
  const memory = Math.round(os.totalmem() / 2 ** 30);
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown CPU';
  return {
    machine: `${os.availableParallelism()} cores of ${cpu}, ${memory} GB, ${systemName()}`,
    versions: `inform-score ${ownVersion()}, Node ${process.version.slice(1)}`,
    date: new Date().toISOString().slice(0, 10),
    command,
  };
}

function systemName(): string {
  try {
    const [, name] = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
    if (name !== undefined) return name;
  } catch {
    // Only Linux has that file.
  }
  return `${os.type()} ${os.release()}`;
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  try {
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: packageRoot(), encoding: 'utf8' });
    return `${version} (commit ${commit.trim()})`;
  } catch {
    return version;
  }
}
