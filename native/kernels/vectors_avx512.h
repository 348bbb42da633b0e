#pragma once

// vectors.h with AVX-512: 16 lanes.

#include "vectors_x86.h"

namespace inform::kernels {

using Floats = __m512;
using Ints = __m512i;

constexpr int lanes = 16;
constexpr int vector_registers = 32;

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
inline Floats larger(Floats a, Floats b) {
    return _mm512_max_ps(a, b);
}
inline Floats to_nearest(Floats values) {
    return _mm512_roundscale_ps(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline Floats scale_by_powers(Floats values, Floats powers) {
    return _mm512_scalef_ps(values, powers);
}
inline Floats zero_below(Floats values, Floats tested, float limit) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(tested, broadcast(limit), _CMP_NLT_UQ), values);
}
inline Floats with_sign(Floats magnitudes, Floats signs) {
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(magnitudes), _mm512_castps_si512(signs),
                                                         _mm512_set1_epi32(static_cast<int32_t>(0x80000000)), 0xd8));
}

inline Ints load(const int32_t * from) {
    return _mm512_load_si512(from);
}
inline Ints load_unaligned(const int32_t * from) {
    return _mm512_loadu_si512(from);
}
inline Ints load_widened(const int16_t * from) {
    return _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)));
}
inline void store(int32_t * to, Ints values) {
    _mm512_store_si512(to, values);
}
inline void store_narrowed(int16_t * to, Ints values) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_cvtsepi32_epi16(values));
}
inline void store_narrowed(int8_t * to, Ints values) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm512_cvtsepi32_epi8(values));
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
inline Ints to_ints(Floats values) {
    return _mm512_cvtps_epi32(values);
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

inline Ints dot_add(Ints a, Ints b, Ints sum, int16_t) {
#ifdef __AVX512VNNI__
    return _mm512_dpwssd_epi32(sum, a, b);
#else
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
#endif
}

#ifdef __AVX512VNNI__
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

}  // namespace inform::kernels
