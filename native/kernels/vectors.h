#pragma once

// The vectors that the kernels are written in, with one file for each set of instructions: `lanes` floats (`Floats`) or
// as many integers of 32 bits (`Ints`). ggml's CPU module is compiled once for each kind of CPU, with that CPU's
// instructions, and chosen when it is loaded: so the choice here is the compiler's. What a name does not say:
//
//     prefetch(at)                            asks for a cache line, into the first cache
//     larger(a, b)                            of floats the second where one of them is no number
//     scale_by_powers(values, powers)         values * 2^powers for whole powers from -126 to 127
//     zero_below(values, tested, limit)       zero where `tested` is below `limit`; no number is below none
//     with_sign(magnitudes, signs)            the magnitudes of the first with the signs of the second
//     to_ints(values)                         rounded to the nearest
//     load, store (of integers)               aligned to a whole vector
//     store_narrowed(to, values)              as 16 or 8 bits, the nearest that there are
//     dot_add(a, b, sum, int16_t())           in each lane the sum and the products of two pairs of 16-bit integers
//     dot_add(a, b, sum, int8_t())            of four pairs of 8-bit ones, of which the first are not negative
//     look_up_nibbles(table, bytes, to)       what 16 bytes' low halves, then their high ones, name in a table of 16
//     low_lanes, high_lanes, low_pairs, ...   lanes, or pairs of them, of two vectors by turns, in each 128 bits
//     transpose_quarters(rows)                what is left of a transposition once each 128 bits are one

// For functions that do nothing but prefetch: GCC 12 takes them for functions without effects, and drops their calls.
#ifdef _MSC_VER
#define INFORM_ALWAYS_INLINE __forceinline
#else
#define INFORM_ALWAYS_INLINE inline __attribute__((always_inline))
#endif

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define INFORM_KERNELS_LANES 16
#include "vectors_avx512.h"
#elif defined(__AVX2__) && (defined(_MSC_VER) || (defined(__FMA__) && defined(__F16C__)))
#define INFORM_KERNELS_LANES 8
#include "vectors_avx2.h"
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define INFORM_KERNELS_LANES 4
#include "vectors_neon.h"
#endif

// Products of 8-bit integers want an instruction of their own: without it pairs of them overflow 16 bits.
#if defined(INFORM_KERNELS_LANES) && (defined(__AVX512VNNI__) || defined(__AVXVNNI__) || defined(__ARM_FEATURE_DOTPROD))
#define INFORM_KERNELS_INT8
#endif

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

// The columns of a square of vectors as rows: within 128 bits first pairs of lanes, then pairs of pairs; then what is
// wider.
inline void transpose(Ints (&rows)[lanes]) {
    Ints t[lanes];
#pragma GCC unroll 8
    for (int i = 0; i < lanes; i += 2) {
        t[i] = low_lanes(rows[i], rows[i + 1]);
        t[i + 1] = high_lanes(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < lanes; i += 4) {
        rows[i] = low_pairs(t[i], t[i + 2]);
        rows[i + 1] = high_pairs(t[i], t[i + 2]);
        rows[i + 2] = low_pairs(t[i + 1], t[i + 3]);
        rows[i + 3] = high_pairs(t[i + 1], t[i + 3]);
    }
    transpose_quarters(rows);
}

}  // namespace inform::kernels

#endif
