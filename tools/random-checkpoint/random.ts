/**
 * A stream of 32-bit random numbers: xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it), its state filled by
 * SplitMix32 from a seed and a name. Streams of one seed with different names are unrelated, and so are those of one name
 * with different seeds; integer arithmetic gives the same numbers on every platform.
 */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number, name: string) {
    let state = seed >>> 0;
    for (let i = 0; i < name.length; i++) state = Math.imul(state ^ name.charCodeAt(i), 0x01000193); // FNV-1a
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return mixed ^ (mixed >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1; // the state must not be all zeros
  }

  /** The next number, as a signed 32-bit integer. */
  next(): number {
    const b = this.#b;
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    this.#c ^= this.#a;
    this.#d ^= b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= b << 9;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform in (0, 1). */
  uniform(): number {
    return ((this.next() >>> 0) + 0.5) / 2 ** 32;
  }

  /** `count` random signs, +1 or -1. */
  signs(count: number): Int8Array {
    return Int8Array.from({ length: count }, () => (this.next() < 0 ? -1 : 1));
  }
}

const DEVIATES = 65536;
let deviates: Float64Array | undefined;

/**
 * 65536 deviates of the standard normal distribution, by Box and Muller's method. Weights pick from this table by 16
 * random bits, which is ten times faster than drawing each anew; a model of two billion weights takes seconds.
 */
export function normalDeviates(): Float64Array {
  deviates ??= drawDeviates();
  return deviates;
}

function drawDeviates(): Float64Array {
  const stream = new RandomStream(0, 'normal deviates');
  const drawn = new Float64Array(DEVIATES);
  for (let i = 0; i < DEVIATES; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(stream.uniform()));
    const angle = 2 * Math.PI * stream.uniform();
    drawn[i] = radius * Math.cos(angle);
    drawn[i + 1] = radius * Math.sin(angle);
  }
  return drawn;
}
