import { InformError } from '../errors.js';

/** How many of the rows that are left are kept: a number of rows, or a share of them. */
export type Share = { rows: number } | { share: number };

/** What `select` keeps. Steps are taken in this order; a row that one of them drops is not seen by those that follow. */
export interface Criteria {
  /** Of rows with the same words, or nearly the same, only the one with the best score stays. */
  dedupe?: 'exact' | 'near' | undefined;
  /** Files of evaluation sets; rows that overlap them are dropped. */
  against?: readonly string[] | undefined;
  /** Ranks by what the answer's length does not explain of the score. */
  lengthBias?: boolean | undefined;
  /** Least and largest score that is kept, both included; with `lengthBias` of what length does not explain. */
  min?: number | undefined;
  max?: number | undefined;
  top?: Share | undefined;
  /** "prompt", or the dotted path of a field: `top` is taken from the rows of each of its values. */
  per?: string | undefined;
  /** The dotted path of a field: the rows that `top` keeps are shared equally among its values. */
  balance?: string | undefined;
  /** Of a row with several answers, only the best one is written. */
  bestAnswer?: boolean | undefined;
  /** In place of rows: the best and the worst answer of each prompt, where their scores are this far apart. */
  pairs?: { margin: number } | undefined;
}

/** "20%" or "5000". @throws InformError INFORM_INVALID_ARGUMENT */
export function parseShare(text: string): Share {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim());
  const value = Number(match?.[1]);
  if (match?.[2] === '%' && value > 0 && value <= 100) return { share: value / 100 };
  if (match?.[2] === '' && Number.isSafeInteger(value) && value > 0) return { rows: value };
  throw badArgument(`--top takes a number of rows such as 5000, or a share such as 20%, not "${text}".`);
}

/** "1.5,3" @throws InformError INFORM_INVALID_ARGUMENT */
export function parseRange(text: string): { min: number; max: number } {
  const parts = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const [min = NaN, max = NaN] = parts;
  if (parts.length === 2 && min <= max) return { min, max };
  throw badArgument(`--between takes the lowest and the highest score, such as 1.5,3, not "${text}".`);
}

/** @throws InformError INFORM_INVALID_ARGUMENT for criteria that contradict each other, or for none */
export function checkCriteria(criteria: Criteria): void {
  const { top, per, balance, pairs } = criteria;
  const steps: Criteria = { ...criteria, bestAnswer: undefined };
  if (Object.values(steps).every((value) => value === undefined || value === false)) {
    throw badArgument('select keeps every row as it stands; say what to keep, such as --top 20% or --min 1.5.');
  }
  if (pairs !== undefined && (top !== undefined || per !== undefined || balance !== undefined)) {
    throw badArgument(
      '--pairs takes the best and the worst answer of each prompt; leave --top, --per and --balance out.',
    );
  }
  if (top === undefined && (per !== undefined || balance !== undefined)) {
    throw badArgument(`${per === undefined ? '--balance' : '--per'} shares out what --top keeps; give --top, too.`);
  }
  if (per !== undefined && balance !== undefined) {
    throw badArgument('--per takes --top of each value and --balance shares --top among the values; give one of them.');
  }
}

/** How many rows a share of so many is: the nearest number, at least one where there is any. */
export function rowsOf(share: Share, available: number): number {
  if ('rows' in share) return Math.min(share.rows, available);
  return Math.min(available, Math.max(1, Math.round(share.share * available)));
}

function badArgument(message: string): InformError {
  return new InformError('INFORM_INVALID_ARGUMENT', message);
}
