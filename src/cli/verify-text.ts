import { counted } from '../util/format.js';
import { printable } from '../util/printable.js';
import { columns } from './table.js';

/** What a model gave for the conversations of its card. */
export interface Verification {
  readonly model: string;
  /** Where the published scores are from. */
  readonly card: string;
  /** What the user allows; undefined: `defaultTolerance`. */
  readonly tolerance: number | undefined;
  readonly scores: { published: number; score: number }[];
}

/**
 * Cards publish what bf16 arithmetic gave, whose roundings add up over the layers: transformers' own bf16 was up to 0.54 away from
 * its float32 with 30 layers of real weights (docs/accuracy.md).
 */
const ARITHMETIC = 0.5;

/** The published number is rounded, and the last sum before it. */
const GRAINS = 2;

/** bf16 has 8 significant bits. */
const SIGNIFICANT_BITS = 8;

/** The step from a number to the next one that bf16 can hold. */
function grainOf(score: number): number {
  return 2 ** (Math.floor(Math.log2(Math.max(Math.abs(score), 2 ** -126))) - (SIGNIFICANT_BITS - 1));
}

export function isVerified({ scores, tolerance }: Verification): boolean {
  return scores.every(({ published, score }) => Math.abs(score - published) <= (tolerance ?? allowed(published)));
}

/** The comparison as text, with what the tolerance is and what to do where it does not hold. */
export function formatVerification(verification: Verification): string {
  const { model, card, tolerance, scores } = verification;
  const rows = scores.map(({ published, score }, i) => [
    String(i + 1),
    String(published),
    score.toPrecision(6),
    (score - published).toFixed(4),
    String(grainOf(published)),
    (tolerance ?? allowed(published)).toPrecision(3),
  ]);
  const why =
    tolerance === undefined
      ? 'Allowed: half a point, which bf16 arithmetic can lose over the layers, and two grains of bf16, in which cards publish.'
      : 'Allowed: what --tolerance says.';
  const verdict = isVerified(verification)
    ? `${printable(model)} scores as its card says.`
    : `${printable(model)} does not score as its card says. Convert it again, with --type bf16 where it is quantized, and verify that; if that is off too, compare the card's transformers version, template and revision, and report it.`;
  return [
    `${printable(card)} publishes ${counted(scores.length, 'score')}`,
    '',
    columns([['', 'published', 'here', 'difference', 'grain', 'allowed'], ...rows]),
    why,
    verdict,
    '',
  ].join('\n');
}

function allowed(published: number): number {
  return ARITHMETIC + GRAINS * grainOf(published);
}
