#include "decode.h"

#include <cstring>

#include "vectors.h"

#ifdef INFORM_KERNELS_LANES

#define GGML_COMMON_DECL_C
#define GGML_COMMON_IMPL_C
#include "ggml-common.h"
#include "ggml-cpu.h"
#include "simd-mappings.h"

namespace inform::kernels {

namespace {

float half(ggml_half bits) {
    return GGML_CPU_FP16_TO_FP32(bits);
}

// Blocks of 32 whose first 16 bytes' low halves are the first 16 weights, their high halves the others.
template <typename Value>
void nibbles(const uint8_t * bytes, int16_t * quants, Value value) {
    for (int i = 0; i < 16; ++i) {
        quants[i] = value(bytes[i] & 15);
        quants[i + 16] = value(bytes[i] >> 4);
    }
}

float decode_q4_0(const void * blocks, int count, int16_t * quants, float * scales, float *) {
    const auto * block = static_cast<const block_q4_0 *>(blocks);
    for (int g = 0; g < count / QK4_0; ++g, ++block) {
        nibbles(block->qs, quants + g * QK4_0, [](int q) { return static_cast<int16_t>(q - 8); });
        scales[g] = half(block->d);
    }
    return 1.0f;
}

float decode_q4_1(const void * blocks, int count, int16_t * quants, float * scales, float * offsets) {
    const auto * block = static_cast<const block_q4_1 *>(blocks);
    for (int g = 0; g < count / QK4_1; ++g, ++block) {
        nibbles(block->qs, quants + g * QK4_1, [](int q) { return static_cast<int16_t>(q); });
        scales[g] = half(block->d);
        offsets[g] = half(block->m);
    }
    return 1.0f;
}

// The fifth bits of a block of 32, the first weight's lowest.
void add_fifth_bits(const uint8_t (&bytes)[4], int16_t * quants) {
    uint32_t bits;
    std::memcpy(&bits, bytes, sizeof bits);
    for (int i = 0; i < 32; ++i)
        quants[i] = static_cast<int16_t>(quants[i] + static_cast<int16_t>((bits >> i & 1) << 4));
}

float decode_q5_0(const void * blocks, int count, int16_t * quants, float * scales, float *) {
    const auto * block = static_cast<const block_q5_0 *>(blocks);
    for (int g = 0; g < count / QK5_0; ++g, ++block) {
        nibbles(block->qs, quants + g * QK5_0, [](int q) { return static_cast<int16_t>(q - 16); });
        add_fifth_bits(block->qh, quants + g * QK5_0);
        scales[g] = half(block->d);
    }
    return 1.0f;
}

float decode_q5_1(const void * blocks, int count, int16_t * quants, float * scales, float * offsets) {
    const auto * block = static_cast<const block_q5_1 *>(blocks);
    for (int g = 0; g < count / QK5_1; ++g, ++block) {
        nibbles(block->qs, quants + g * QK5_1, [](int q) { return static_cast<int16_t>(q); });
        add_fifth_bits(block->qh, quants + g * QK5_1);
        scales[g] = half(block->d);
        offsets[g] = half(block->m);
    }
    return 1.0f;
}

float decode_q8_0(const void * blocks, int count, int16_t * quants, float * scales, float *) {
    const auto * block = static_cast<const block_q8_0 *>(blocks);
    for (int g = 0; g < count / QK8_0; ++g, ++block) {
        for (int i = 0; i < QK8_0; ++i)
            quants[g * QK8_0 + i] = block->qs[i];
        scales[g] = half(block->d);
    }
    return 1.0f;
}

float decode_iq4_nl(const void * blocks, int count, int16_t * quants, float * scales, float *) {
    const auto * block = static_cast<const block_iq4_nl *>(blocks);
    for (int g = 0; g < count / QK4_NL; ++g, ++block) {
        look_up_nibbles(kvalues_iq4nl, block->qs, quants + g * QK4_NL);
        scales[g] = half(block->d);
    }
    return 1.0f;
}

// The formats below have blocks of 256, in two halves of 128 or four quarters of 64; `count` is always one block.

float decode_q2_k(const void * blocks, int, int16_t * quants, float * scales, float * offsets) {
    const auto & block = *static_cast<const block_q2_K *>(blocks);
    for (int part = 0; part < 8; ++part) {
        const uint8_t * bytes = block.qs + part / 4 * 32;
        const int shift = part % 4 * 2;
        for (int i = 0; i < 32; ++i)
            quants[part * 32 + i] = static_cast<int16_t>(bytes[i] >> shift & 3);
    }
    const float offset = -half(block.dmin);
    for (int g = 0; g < 16; ++g) {
        scales[g] = static_cast<float>(block.scales[g] & 15);
        offsets[g] = offset * static_cast<float>(block.scales[g] >> 4);
    }
    return half(block.d);
}

float decode_q3_k(const void * blocks, int, int16_t * quants, float * scales, float *) {
    const auto & block = *static_cast<const block_q3_K *>(blocks);
    for (int part = 0; part < 8; ++part) {
        const uint8_t * bytes = block.qs + part / 4 * 32;
        const int shift = part % 4 * 2;
        for (int i = 0; i < 32; ++i) {
            const int high = block.hmask[i] >> part & 1;
            quants[part * 32 + i] = static_cast<int16_t>((bytes[i] >> shift & 3) + high * 4 - 4);
        }
    }
    for (int g = 0; g < 16; ++g) {
        const int low = g < 8 ? block.scales[g] & 15 : block.scales[g - 8] >> 4;
        const int high = block.scales[8 + g % 4] >> (g / 4 * 2) & 3;
        scales[g] = static_cast<float>((low | high << 4) - 32);
    }
    return half(block.d);
}

// Eight scales and eight minima of 6 bits in 12 bytes: the first four of each whole, of the others the low four bits
// apart from the high two.
template <typename Block>
void scales_of_6_bits(const Block & block, float * scales, float * offsets) {
    const uint8_t * bytes = block.scales;
    const float offset = -half(block.dmin);
    for (int g = 0; g < 4; ++g) {
        scales[g] = static_cast<float>(bytes[g] & 63);
        offsets[g] = offset * static_cast<float>(bytes[g + 4] & 63);
        scales[g + 4] = static_cast<float>((bytes[g + 8] & 15) | bytes[g] >> 6 << 4);
        offsets[g + 4] = offset * static_cast<float>(bytes[g + 8] >> 4 | bytes[g + 4] >> 6 << 4);
    }
}

float decode_q4_k(const void * blocks, int, int16_t * quants, float * scales, float * offsets) {
    const auto & block = *static_cast<const block_q4_K *>(blocks);
    for (int quarter = 0; quarter < 4; ++quarter) {
        const uint8_t * bytes = block.qs + quarter * 32;
        int16_t * to = quants + quarter * 64;
        for (int i = 0; i < 32; ++i) {
            to[i] = static_cast<int16_t>(bytes[i] & 15);
            to[i + 32] = static_cast<int16_t>(bytes[i] >> 4);
        }
    }
    scales_of_6_bits(block, scales, offsets);
    return half(block.d);
}

float decode_q5_k(const void * blocks, int, int16_t * quants, float * scales, float * offsets) {
    const auto & block = *static_cast<const block_q5_K *>(blocks);
    for (int quarter = 0; quarter < 4; ++quarter) {
        const uint8_t * bytes = block.qs + quarter * 32;
        int16_t * to = quants + quarter * 64;
        for (int i = 0; i < 32; ++i) {
            const int high = block.qh[i] >> quarter * 2;
            to[i] = static_cast<int16_t>((bytes[i] & 15) | (high & 1) << 4);
            to[i + 32] = static_cast<int16_t>(bytes[i] >> 4 | (high >> 1 & 1) << 4);
        }
    }
    scales_of_6_bits(block, scales, offsets);
    return half(block.d);
}

float decode_q6_k(const void * blocks, int, int16_t * quants, float * scales, float *) {
    const auto & block = *static_cast<const block_q6_K *>(blocks);
    for (int part = 0; part < 2; ++part) {
        const uint8_t * low = block.ql + part * 64;
        const uint8_t * high = block.qh + part * 32;
        int16_t * to = quants + part * 128;
        for (int i = 0; i < 32; ++i) {
            to[i] = static_cast<int16_t>(((low[i] & 15) | (high[i] & 3) << 4) - 32);
            to[i + 32] = static_cast<int16_t>(((low[i + 32] & 15) | (high[i] >> 2 & 3) << 4) - 32);
            to[i + 64] = static_cast<int16_t>((low[i] >> 4 | (high[i] >> 4 & 3) << 4) - 32);
            to[i + 96] = static_cast<int16_t>((low[i + 32] >> 4 | high[i] >> 6 << 4) - 32);
        }
    }
    for (int g = 0; g < 16; ++g)
        scales[g] = static_cast<float>(block.scales[g]);
    return half(block.d);
}

float decode_iq4_xs(const void * blocks, int, int16_t * quants, float * scales, float *) {
    const auto & block = *static_cast<const block_iq4_xs *>(blocks);
    for (int g = 0; g < 8; ++g) {
        look_up_nibbles(kvalues_iq4nl, block.qs + g * 16, quants + g * 32);
        const int low = block.scales_l[g / 2] >> (g % 2 * 4) & 15;
        const int high = block.scales_h >> (g * 2) & 3;
        scales[g] = static_cast<float>((low | high << 4) - 32);
    }
    return half(block.d);
}

// A quant times its whole-number scale is at most 3 * 15 (Q2_K), 4 * 32 (Q3_K), 15 * 63 (Q4_K), 31 * 63 (Q5_K),
// 32 * 128 (Q6_K) or 127 * 32 (IQ4_XS), and an activation 32767.
constexpr Format formats[] = {
    {GGML_TYPE_Q4_0, 32, false, -8, 0, decode_q4_0},       {GGML_TYPE_Q4_1, 32, true, 0, 0, decode_q4_1},
    {GGML_TYPE_Q5_0, 32, false, -16, 0, decode_q5_0},      {GGML_TYPE_Q5_1, 32, true, 0, 0, decode_q5_1},
    {GGML_TYPE_Q8_0, 32, false, -128, 0, decode_q8_0},     {GGML_TYPE_Q2_K, 16, true, 0, 64, decode_q2_k},
    {GGML_TYPE_Q3_K, 16, false, -4, 64, decode_q3_k},      {GGML_TYPE_Q4_K, 32, true, 0, 64, decode_q4_k},
    {GGML_TYPE_Q5_K, 32, true, 0, 32, decode_q5_k},        {GGML_TYPE_Q6_K, 16, false, -32, 16, decode_q6_k},
    {GGML_TYPE_IQ4_NL, 32, false, -127, 0, decode_iq4_nl}, {GGML_TYPE_IQ4_XS, 32, false, -127, 16, decode_iq4_xs},
};

}  // namespace

const Format * format_of(ggml_type type) {
    for (const Format & format : formats) {
        if (format.type == type)
            return &format;
    }
    return nullptr;
}

bool has_floats(ggml_type type) {
    return type == GGML_TYPE_F32 || type == GGML_TYPE_F16 || type == GGML_TYPE_BF16;
}

void decode_floats(ggml_type type, const void * values, int count, float * weights) {
    switch (type) {
        case GGML_TYPE_F16: return ggml_cpu_fp16_to_fp32(static_cast<const ggml_fp16_t *>(values), weights, count);
        case GGML_TYPE_BF16: return ggml_cpu_bf16_to_fp32(static_cast<const ggml_bf16_t *>(values), weights, count);
        default: std::memcpy(weights, values, static_cast<size_t>(count) * sizeof *weights);
    }
}

}  // namespace inform::kernels

#endif
