#pragma once

// The vectors that the kernels are written in: one of 16 lanes where the CPU has AVX-512, or of 8 where it has AVX2.
// ggml's CPU module is compiled once for each kind of CPU, with that CPU's instructions, and chosen when it is loaded:
// so the choice here is the compiler's.

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define INFORM_KERNELS_LANES 16
#elif defined(__AVX2__) && (defined(_MSC_VER) || (defined(__FMA__) && defined(__F16C__)))
#define INFORM_KERNELS_LANES 8
#endif

// Products of 8-bit integers want an instruction of their own: without it pairs of them overflow 16 bits.
#if defined(INFORM_KERNELS_LANES) && (defined(__AVX512VNNI__) || defined(__AVXVNNI__))
#define INFORM_KERNELS_INT8
#endif

#ifdef INFORM_KERNELS_LANES
#include <immintrin.h>

#include <cstdint>

namespace inform::kernels {

constexpr int lanes = INFORM_KERNELS_LANES;

#if INFORM_KERNELS_LANES == 16

using Floats = __m512;
using Ints = __m512i;

// How many rows of activations the products take at once: what 32 registers hold.
constexpr int int_rows = 6;
constexpr int float_rows = 12;

inline Floats load(const float * from) {
    return _mm512_loadu_ps(from);
}
inline void store(float * to, Floats values) {
    _mm512_storeu_ps(to, values);
}
inline Floats broadcast(float value) {
    return _mm512_set1_ps(value);
}
inline Floats zero_floats() {
    return _mm512_setzero_ps();
}
inline Floats times(Floats a, Floats b) {
    return _mm512_mul_ps(a, b);
}
inline Floats multiply_add(Floats a, Floats b, Floats sum) {
    return _mm512_fmadd_ps(a, b, sum);
}
inline Floats plus(Floats a, Floats b) {
    return _mm512_add_ps(a, b);
}
inline Floats minus(Floats a, Floats b) {
    return _mm512_sub_ps(a, b);
}
inline Floats quotient(Floats a, Floats b) {
    return _mm512_div_ps(a, b);
}
// The second where one of them is no number.
inline Floats larger(Floats a, Floats b) {
    return _mm512_max_ps(a, b);
}
inline Floats to_nearest(Floats values) {
    return _mm512_roundscale_ps(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// values * 2^powers for whole powers from -126 to 127.
inline Floats scale_by_powers(Floats values, Floats powers) {
    return _mm512_scalef_ps(values, powers);
}
// Zero where `tested` is below `limit`; no number is below none.
inline Floats zero_below(Floats values, Floats tested, float limit) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(tested, broadcast(limit), _CMP_NLT_UQ), values);
}
// The magnitudes of the first with the signs of the second.
inline Floats with_sign(Floats magnitudes, Floats signs) {
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(magnitudes), _mm512_castps_si512(signs),
                                                         _mm512_set1_epi32(static_cast<int32_t>(0x80000000)), 0xd8));
}
// The products of values and `factor`, rounded to the nearest integers.
inline void store_rounded(Floats values, Floats factor, int16_t * to) {
    const Ints rounded = _mm512_cvtps_epi32(_mm512_mul_ps(values, factor));
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_cvtsepi32_epi16(rounded));
}
inline void store_rounded(Floats values, Floats factor, int8_t * to) {
    const Ints rounded = _mm512_cvtps_epi32(_mm512_mul_ps(values, factor));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm512_cvtsepi32_epi8(rounded));
}

inline Ints load(const int32_t * from) {
    return _mm512_load_si512(from);
}
inline Ints load_unaligned(const int32_t * from) {
    return _mm512_loadu_si512(from);
}
inline void store(int32_t * to, Ints values) {
    _mm512_store_si512(to, values);
}
inline Ints broadcast(int32_t value) {
    return _mm512_set1_epi32(value);
}
inline Ints zero_ints() {
    return _mm512_setzero_si512();
}
inline Floats to_floats(Ints values) {
    return _mm512_cvtepi32_ps(values);
}
inline Floats with_bits(Ints bits) {
    return _mm512_castsi512_ps(bits);
}
inline Ints bits_of_magnitude(Floats values) {
    return _mm512_and_si512(_mm512_castps_si512(values), broadcast(0x7fffffff));
}
inline Ints larger(Ints a, Ints b) {
    return _mm512_max_epi32(a, b);
}

// In each lane the sum and the products of two pairs of 16-bit integers.
inline Ints dot_add(Ints a, Ints b, Ints sum, int16_t) {
#ifdef __AVX512VNNI__
    return _mm512_dpwssd_epi32(sum, a, b);
#else
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
#endif
}

#ifdef INFORM_KERNELS_INT8
// The same of four pairs of 8-bit ones, of which the first are not negative.
inline Ints dot_add(Ints a, Ints b, Ints sum, int8_t) {
    return _mm512_dpbusd_epi32(sum, a, b);
}
#endif

inline Ints low_lanes(Ints a, Ints b) {
    return _mm512_unpacklo_epi32(a, b);
}
inline Ints high_lanes(Ints a, Ints b) {
    return _mm512_unpackhi_epi32(a, b);
}
inline Ints low_pairs(Ints a, Ints b) {
    return _mm512_unpacklo_epi64(a, b);
}
inline Ints high_pairs(Ints a, Ints b) {
    return _mm512_unpackhi_epi64(a, b);
}

// What is left of a transposition once each quarter of 128 bits is one: the quarters.
inline void transpose_quarters(Ints (&rows)[lanes]) {
    Ints t[lanes];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        t[i] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0xdd);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        rows[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        rows[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        rows[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        rows[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
}

#else

using Floats = __m256;
using Ints = __m256i;

// What 16 registers hold.
constexpr int int_rows = 3;
constexpr int float_rows = 6;

inline Floats load(const float * from) {
    return _mm256_loadu_ps(from);
}
inline void store(float * to, Floats values) {
    _mm256_storeu_ps(to, values);
}
inline Floats broadcast(float value) {
    return _mm256_set1_ps(value);
}
inline Floats zero_floats() {
    return _mm256_setzero_ps();
}
inline Floats times(Floats a, Floats b) {
    return _mm256_mul_ps(a, b);
}
inline Floats multiply_add(Floats a, Floats b, Floats sum) {
    return _mm256_fmadd_ps(a, b, sum);
}
inline Floats plus(Floats a, Floats b) {
    return _mm256_add_ps(a, b);
}
inline Floats minus(Floats a, Floats b) {
    return _mm256_sub_ps(a, b);
}
inline Floats quotient(Floats a, Floats b) {
    return _mm256_div_ps(a, b);
}
// The second where one of them is no number.
inline Floats larger(Floats a, Floats b) {
    return _mm256_max_ps(a, b);
}
inline Floats to_nearest(Floats values) {
    return _mm256_round_ps(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// values * 2^powers for whole powers from -126 to 127.
inline Floats scale_by_powers(Floats values, Floats powers) {
    const Ints exponents = _mm256_add_epi32(_mm256_cvtps_epi32(powers), _mm256_set1_epi32(127));
    return _mm256_mul_ps(values, _mm256_castsi256_ps(_mm256_slli_epi32(exponents, 23)));
}
// Zero where `tested` is below `limit`; no number is below none.
inline Floats zero_below(Floats values, Floats tested, float limit) {
    return _mm256_and_ps(values, _mm256_cmp_ps(tested, broadcast(limit), _CMP_NLT_UQ));
}
// The magnitudes of the first with the signs of the second.
inline Floats with_sign(Floats magnitudes, Floats signs) {
    const Floats sign = broadcast(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(sign, magnitudes), _mm256_and_ps(sign, signs));
}
// The products of values and `factor`, rounded to the nearest integers.
inline void store_rounded(Floats values, Floats factor, int16_t * to) {
    const Ints rounded = _mm256_cvtps_epi32(_mm256_mul_ps(values, factor));
    const __m128i low = _mm256_castsi256_si128(rounded), high = _mm256_extracti128_si256(rounded, 1);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm_packs_epi32(low, high));
}
inline void store_rounded(Floats values, Floats factor, int8_t * to) {
    const Ints rounded = _mm256_cvtps_epi32(_mm256_mul_ps(values, factor));
    const __m128i low = _mm256_castsi256_si128(rounded), high = _mm256_extracti128_si256(rounded, 1);
    const __m128i words = _mm_packs_epi32(low, high);
    _mm_storel_epi64(reinterpret_cast<__m128i *>(to), _mm_packs_epi16(words, words));
}

inline Ints load(const int32_t * from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i *>(from));
}
inline Ints load_unaligned(const int32_t * from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
}
inline void store(int32_t * to, Ints values) {
    _mm256_store_si256(reinterpret_cast<__m256i *>(to), values);
}
inline Ints broadcast(int32_t value) {
    return _mm256_set1_epi32(value);
}
inline Ints zero_ints() {
    return _mm256_setzero_si256();
}
inline Floats to_floats(Ints values) {
    return _mm256_cvtepi32_ps(values);
}
inline Floats with_bits(Ints bits) {
    return _mm256_castsi256_ps(bits);
}
inline Ints bits_of_magnitude(Floats values) {
    return _mm256_and_si256(_mm256_castps_si256(values), broadcast(0x7fffffff));
}
inline Ints larger(Ints a, Ints b) {
    return _mm256_max_epi32(a, b);
}

// In each lane the sum and the products of two pairs of 16-bit integers.
inline Ints dot_add(Ints a, Ints b, Ints sum, int16_t) {
#ifdef __AVXVNNI__
    return _mm256_dpwssd_avx_epi32(sum, a, b);
#else
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
#endif
}

#ifdef INFORM_KERNELS_INT8
// The same of four pairs of 8-bit ones, of which the first are not negative.
inline Ints dot_add(Ints a, Ints b, Ints sum, int8_t) {
    return _mm256_dpbusd_avx_epi32(sum, a, b);
}
#endif

inline Ints low_lanes(Ints a, Ints b) {
    return _mm256_unpacklo_epi32(a, b);
}
inline Ints high_lanes(Ints a, Ints b) {
    return _mm256_unpackhi_epi32(a, b);
}
inline Ints low_pairs(Ints a, Ints b) {
    return _mm256_unpacklo_epi64(a, b);
}
inline Ints high_pairs(Ints a, Ints b) {
    return _mm256_unpackhi_epi64(a, b);
}

// What is left of a transposition once each half of 128 bits is one: the halves.
inline void transpose_quarters(Ints (&rows)[lanes]) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        const Ints first = rows[i];
        rows[i] = _mm256_permute2x128_si256(first, rows[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2x128_si256(first, rows[i + 4], 0x31);
    }
}

#endif

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
