#pragma once

// vectors.h with NEON, which every 64-bit Arm CPU has: 4 lanes.

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

namespace inform::kernels {

using Floats = float32x4_t;
using Ints = int32x4_t;

constexpr int lanes = 4;
constexpr int vector_registers = 32;

INFORM_ALWAYS_INLINE void prefetch(const void * at) {
    __builtin_prefetch(at);
}

inline Floats load(const float * from) {
    return vld1q_f32(from);
}
inline void store(float * to, Floats values) {
    vst1q_f32(to, values);
}
inline Floats broadcast(float value) {
    return vdupq_n_f32(value);
}
inline Floats zero_floats() {
    return vdupq_n_f32(0);
}
inline Floats times(Floats a, Floats b) {
    return vmulq_f32(a, b);
}
inline Floats multiply_add(Floats a, Floats b, Floats sum) {
    return vfmaq_f32(sum, a, b);
}
inline Floats plus(Floats a, Floats b) {
    return vaddq_f32(a, b);
}
inline Floats minus(Floats a, Floats b) {
    return vsubq_f32(a, b);
}
inline Floats quotient(Floats a, Floats b) {
    return vdivq_f32(a, b);
}
inline Floats larger(Floats a, Floats b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
inline Floats to_nearest(Floats values) {
    return vrndnq_f32(values);
}
inline Ints to_ints(Floats values) {
    return vcvtnq_s32_f32(values);
}
inline Floats scale_by_powers(Floats values, Floats powers) {
    const Ints exponents = vaddq_s32(to_ints(powers), vdupq_n_s32(127));
    return vmulq_f32(values, vreinterpretq_f32_s32(vshlq_n_s32(exponents, 23)));
}
inline Floats zero_below(Floats values, Floats tested, float limit) {
    const uint32x4_t below = vcltq_f32(tested, broadcast(limit));
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(values), below));
}
inline Floats with_sign(Floats magnitudes, Floats signs) {
    return vbslq_f32(vdupq_n_u32(0x80000000), signs, magnitudes);
}

inline Ints load(const int32_t * from) {
    return vld1q_s32(from);
}
inline Ints load_unaligned(const int32_t * from) {
    return vld1q_s32(from);
}
inline Ints load_widened(const int16_t * from) {
    return vmovl_s16(vld1_s16(from));
}
inline void store(int32_t * to, Ints values) {
    vst1q_s32(to, values);
}
inline void store_narrowed(int16_t * to, Ints values) {
    vst1_s16(to, vqmovn_s32(values));
}
inline void store_narrowed(int8_t * to, Ints values) {
    const int16x4_t words = vqmovn_s32(values);
    const int8x8_t bytes = vqmovn_s16(vcombine_s16(words, words));
    std::memcpy(to, &bytes, lanes);
}
inline Ints broadcast(int32_t value) {
    return vdupq_n_s32(value);
}
inline Ints zero_ints() {
    return vdupq_n_s32(0);
}
inline Floats to_floats(Ints values) {
    return vcvtq_f32_s32(values);
}
inline Floats with_bits(Ints bits) {
    return vreinterpretq_f32_s32(bits);
}
inline Ints bits_of_magnitude(Floats values) {
    return vandq_s32(vreinterpretq_s32_f32(values), broadcast(0x7fffffff));
}
inline Ints larger(Ints a, Ints b) {
    return vmaxq_s32(a, b);
}

inline Ints dot_add(Ints a, Ints b, Ints sum, int16_t) {
    const int16x8_t left = vreinterpretq_s16_s32(a), right = vreinterpretq_s16_s32(b);
    const Ints low = vmull_s16(vget_low_s16(left), vget_low_s16(right)), high = vmull_high_s16(left, right);
    return vaddq_s32(sum, vpaddq_s32(low, high));
}

inline void look_up_nibbles(const int8_t * table, const uint8_t * bytes, int16_t * to) {
    const int8x16_t values = vld1q_s8(table);
    const uint8x16_t both = vld1q_u8(bytes);
    const int8x16_t low = vqtbl1q_s8(values, vandq_u8(both, vdupq_n_u8(15)));
    const int8x16_t high = vqtbl1q_s8(values, vshrq_n_u8(both, 4));
    vst1q_s16(to, vmovl_s8(vget_low_s8(low)));
    vst1q_s16(to + 8, vmovl_high_s8(low));
    vst1q_s16(to + 16, vmovl_s8(vget_low_s8(high)));
    vst1q_s16(to + 24, vmovl_high_s8(high));
}

inline Ints low_lanes(Ints a, Ints b) {
    return vzip1q_s32(a, b);
}
inline Ints high_lanes(Ints a, Ints b) {
    return vzip2q_s32(a, b);
}
inline Ints low_pairs(Ints a, Ints b) {
    return vreinterpretq_s32_s64(vzip1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}
inline Ints high_pairs(Ints a, Ints b) {
    return vreinterpretq_s32_s64(vzip2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}

// A transposition of 128 bits is whole as it is.
inline void transpose_quarters(Ints (&)[lanes]) {}

}  // namespace inform::kernels
