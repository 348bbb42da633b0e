import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '#src/util/package-root.js';
import { log } from './log.js';
import { circumstances } from './machine.js';

const FILE = path.join(packageRoot(), 'bench', 'RESULTS.md');
const HEADER = `# Results

What the programs of bench/ measured, each with its command; a program replaces its own section.
`;

/** Replaces or adds one section of bench/RESULTS.md. */
export function writeSection(title: string, command: string, body: string): void {
  const { machine, versions, date } = circumstances(command);
  const section = `## ${title}\n\n\`${command}\` on ${date}: ${machine}; ${versions}.\n\n${body.trim()}\n`;
  const [header = HEADER, ...sections] = existsSync(FILE) ? readFileSync(FILE, 'utf8').split(/^(?=## )/m) : [HEADER];
  const at = sections.findIndex((text) => text.startsWith(`## ${title}\n`));
  if (at < 0) sections.push(section);
  else sections[at] = section;
  writeFileSync(FILE, [header, ...sections].map((text) => text.trimEnd()).join('\n\n') + '\n');
  log(`wrote "${title}" to ${FILE}`);
}

/** A table in Markdown, its columns aligned as prettier does. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
