import type { Comparison, WorstRow } from '../compare/compare.js';
import { short, tablesOf, type Table } from '../compare/tables.js';
import { printable } from '../util/printable.js';
import { columns } from './table.js';

const MOST_CHARACTERS = 90;

/** A comparison as tables for people. */
export function formatComparison(comparison: Comparison): string {
  const { files, worst } = comparison;
  const names = `${printable(files.a)} and ${printable(files.b)}`;
  const sections = [
    ...tablesOf(comparison).map(tableText),
    `Rows that differ most, with their scores in ${names}\n${worst.map(worstLines).join('')}`,
  ];
  return `${names}: ${sections.join('\n')}`;
}

function tableText({ title, head, rows }: Table): string {
  return `${title}\n${columns([head, ...rows].map(([first = '', ...others]) => [`  ${first}`, ...others]))}`;
}

function worstLines({ id, answer, a, b, text }: WorstRow): string {
  const which = answer === undefined ? `id ${id}` : `id ${id}, ${answer}`;
  const head = `  ${printable(which, 60)}: ${short(a)} and ${short(b)}, a difference of ${short(b - a)}\n`;
  if (text === undefined) return head;
  return `${head}      ${startOf(text.asked)}\n      → ${startOf(text.answered)}\n`;
}

function startOf(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ').trim(), MOST_CHARACTERS);
}
