import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAX_WIDTH = 110;
/** What `main.js --help` prints at full width; scripts/render-help.mjs writes it after a build. */
const FILE = fileURLToPath(new URL('../help.txt', import.meta.url));
const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/** Columns that help texts are wrapped to. */
export function helpWidth(): number {
  return process.stderr.isTTY ? Math.min(MAX_WIDTH, process.stderr.columns) : MAX_WIDTH;
}

/** The help text as the last build left it; undefined where there is none, it is older than the program, or it is too wide. */
export function renderedHelp(): string | undefined {
  if (helpWidth() < MAX_WIDTH) return undefined;
  try {
    return statSync(FILE).mtimeMs < statSync(MAIN).mtimeMs ? undefined : readFileSync(FILE, 'utf8');
  } catch {
    return undefined;
  }
}
