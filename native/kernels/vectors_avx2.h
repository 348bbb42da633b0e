#pragma once

// vectors.h with AVX2: 8 lanes.

#include "vectors_x86.h"

namespace inform::kernels {

using Floats = __m256;
using Ints = __m256i;

constexpr int lanes = 8;
constexpr int vector_registers = 16;

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
inline Floats larger(Floats a, Floats b) {
    return _mm256_max_ps(a, b);
}
inline Floats to_nearest(Floats values) {
    return _mm256_round_ps(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline Ints to_ints(Floats values) {
    return _mm256_cvtps_epi32(values);
}
inline Floats scale_by_powers(Floats values, Floats powers) {
    const Ints exponents = _mm256_add_epi32(to_ints(powers), _mm256_set1_epi32(127));
    return _mm256_mul_ps(values, _mm256_castsi256_ps(_mm256_slli_epi32(exponents, 23)));
}
inline Floats zero_below(Floats values, Floats tested, float limit) {
    return _mm256_and_ps(values, _mm256_cmp_ps(tested, broadcast(limit), _CMP_NLT_UQ));
}
inline Floats with_sign(Floats magnitudes, Floats signs) {
    const Floats sign = broadcast(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(sign, magnitudes), _mm256_and_ps(sign, signs));
}

inline Ints load(const int32_t * from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i *>(from));
}
inline Ints load_unaligned(const int32_t * from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
}
inline Ints load_widened(const int16_t * from) {
    return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
}
inline void store(int32_t * to, Ints values) {
    _mm256_store_si256(reinterpret_cast<__m256i *>(to), values);
}
inline __m128i narrowed(Ints values) {
    return _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
}
inline void store_narrowed(int16_t * to, Ints values) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to), narrowed(values));
}
inline void store_narrowed(int8_t * to, Ints values) {
    const __m128i words = narrowed(values);
    _mm_storel_epi64(reinterpret_cast<__m128i *>(to), _mm_packs_epi16(words, words));
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

inline Ints dot_add(Ints a, Ints b, Ints sum, int16_t) {
#ifdef __AVXVNNI__
    return _mm256_dpwssd_avx_epi32(sum, a, b);
#else
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
#endif
}

#ifdef __AVXVNNI__
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

}  // namespace inform::kernels
