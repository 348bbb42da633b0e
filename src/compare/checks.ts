import { InformError } from '../errors.js';
import { counted } from '../util/format.js';
import type { Comparison } from './compare.js';

/** What a comparison must keep to. */
export interface Checks {
  maxDeviation?: number | undefined;
  minSpearman?: number | undefined;
  maxFlips?: AtMost | undefined;
}

/** So many rows, or a share of them. */
export type AtMost = { rows: number } | { share: number };

/** "12" or "0.5%". @throws InformError INFORM_INVALID_ARGUMENT */
export function parseAtMost(text: string): AtMost {
  const [, number, percent] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim()) ?? [];
  const value = Number(number);
  if (percent === '%' && value <= 100) return { share: value / 100 };
  if (percent === '' && Number.isSafeInteger(value)) return { rows: value };
  throw new InformError(
    'INFORM_INVALID_ARGUMENT',
    `--max-flips takes a number of rows such as 12, or a share such as 0.5%, not "${text}".`,
  );
}

/** A sentence for each check that does not hold; a value that is not defined holds none. */
export function failedChecks(
  { deviation, spearman, flips, rows: { matched } }: Comparison,
  { maxDeviation, minSpearman, maxFlips }: Checks,
): string[] {
  const failed: string[] = [];
  if (maxDeviation !== undefined && !(deviation.largest <= maxDeviation)) {
    failed.push(`the largest deviation is ${deviation.largest}, above ${maxDeviation}`);
  }
  if (minSpearman !== undefined && !(spearman.value !== null && spearman.value >= minSpearman)) {
    failed.push(`Spearman's correlation is ${spearman.value ?? 'not defined'}, not ${minSpearman} or more`);
  }
  if (maxFlips !== undefined) {
    const most = 'rows' in maxFlips ? maxFlips.rows : maxFlips.share * matched;
    for (const { threshold, dropped, added } of flips) {
      if (dropped + added <= most) continue;
      failed.push(`${counted(dropped + added, 'row')} flip at the threshold ${threshold}, more than ${most}`);
    }
  }
  return failed;
}
