import { mix, shingleHashes } from './shingles.js';

/** Words in a run (shingle) of which the sets are compared. */
const SHINGLE_WORDS = 5;
/** Hash functions, so numbers in a signature. The standard error of a similarity of 0.8 is sqrt(0.8 · 0.2 / 64) = 0.05. */
export const FUNCTIONS = 64;
/** A signature is cut into so many bands; two that agree in one whole band are compared. */
export const BANDS = 16;
/** From this estimated Jaccard similarity on two texts are near-duplicates. */
export const NEAR = 0.8;

const ROWS = FUNCTIONS / BANDS;

/** One number for each hash function; any fixed numbers that differ will do. */
const SEEDS = Uint32Array.from({ length: FUNCTIONS }, (_, i) => mix(0x51ed270b + Math.imul(i, 0x9e3779b9)));

/**
 * The MinHash signature of a text's runs of 5 words (Broder, "On the resemblance and containment of documents", 1997): for each
 * function the least hash. The share of places in which two signatures agree estimates the Jaccard similarity of their sets.
 */
export function signatureOf(words: readonly string[]): Uint32Array {
  const signature = new Uint32Array(FUNCTIONS);
  writeSignature(words, signature, 0);
  return signature;
}

/** Writes the signature of a text into an array that holds many, from `at` on. */
export function writeSignature(words: readonly string[], into: Uint32Array, at: number): void {
  into.fill(0xffffffff, at, at + FUNCTIONS);
  for (const shingle of shingleHashes(words, SHINGLE_WORDS)) {
    for (let i = 0; i < FUNCTIONS; i++) {
      const hash = mix(shingle ^ (SEEDS[i] ?? 0));
      if (hash < (into[at + i] ?? 0)) into[at + i] = hash;
    }
  }
}

/** The estimated similarity of two texts, 0 to 1; their signatures begin at `atA` and `atB`. */
export function similarity(a: Uint32Array, b: Uint32Array, atA = 0, atB = 0): number {
  let equal = 0;
  for (let i = 0; i < FUNCTIONS; i++) if (a[atA + i] === b[atB + i]) equal++;
  return equal / FUNCTIONS;
}

/** The hash of one band of the signature that begins at `at`. */
export function bandHash(signature: Uint32Array, band: number, at = 0): number {
  let hash = band;
  for (let i = at + band * ROWS; i < at + (band + 1) * ROWS; i++) hash = mix(hash ^ (signature[i] ?? 0));
  return hash;
}
