import { InformError } from '../errors.js';

/** The number that a flag was given, if any. @throws InformError INFORM_INVALID_ARGUMENT */
export function numberOf(flag: string, text: string): number;
export function numberOf(flag: string, text: string | undefined): number | undefined;
export function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(number)) return number;
  throw new InformError('INFORM_INVALID_ARGUMENT', `${flag} takes a number, not "${text}".`);
}

/** How many rows of a file are scored. @throws InformError INFORM_INVALID_ARGUMENT */
export function sampleOf(text: string): number {
  const rows = numberOf('--sample', text);
  if (Number.isSafeInteger(rows) && rows >= 2) return rows;
  throw new InformError('INFORM_INVALID_ARGUMENT', `--sample takes a number of rows from 2 on, not "${text}".`);
}
