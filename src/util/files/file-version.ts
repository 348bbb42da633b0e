import { statSync } from 'node:fs';
import { InformError } from '../../errors.js';

/** What tells a file from another one, and from what it was before. Plain data. */
export interface FileVersion {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** Bytes. */
  readonly size: number;
  readonly mtimeMs: number;
}

/** The version of a file that is there now; undefined where none is. */
export function fileVersion(path: string): FileVersion | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && { path, dev: found.dev, ino: found.ino, size: found.size, mtimeMs: found.mtimeMs };
}

/** @throws InformError INFORM_FILE_CHANGED where a path leads to another file than it did, or to a changed one */
export function requireSameFiles(versions: readonly FileVersion[]): void {
  for (const version of versions) {
    const now = fileVersion(version.path);
    if (now?.dev !== version.dev || now.ino !== version.ino) {
      throw changed(version.path, now === undefined ? 'was removed' : 'was replaced by another file');
    }
    requireUnchanged(version, now);
  }
}

/**
 * As `requireSameFiles`, for files that are open: what has been renamed over them or removed is still there for the process that has
 * opened it, but not what was written into them.
 */
export function requireUnchangedContent(versions: readonly FileVersion[]): void {
  for (const version of versions) {
    const now = fileVersion(version.path);
    if (now?.dev === version.dev && now.ino === version.ino) requireUnchanged(version, now);
  }
}

function requireUnchanged(then: FileVersion, now: FileVersion): void {
  if (then.size !== now.size || then.mtimeMs !== now.mtimeMs) throw changed(then.path, 'was written to');
}

function changed(path: string, what: string): InformError {
  return new InformError(
    'INFORM_FILE_CHANGED',
    `${path} ${what} while the run was going on, so the run ends: scores of two models must not mix. What was scored before is kept. Put the file back and run the same command again, or begin anew with --restart.`,
  );
}
