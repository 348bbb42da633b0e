#pragma once

// Integers on Arm (integers.h), whose fast instructions multiply bytes with signs: SDOT four neighbours in each lane,
// and SMMLA eight of two columns with eight of two rows, which is twice as many. All quants of weights fit a byte.
// Activations of 16 bits are two planes of bytes:
//
//     p = 256 * high + low + 128,   both from -128 to 127, so that for a group
//     Σ q·p = 256 * Σ q·high + Σ q·low + 128 * Σ q
//
// exactly: the same bits as with instructions for 16 bits, at half the speed of 8.

#include <algorithm>
#include <cstring>

#include "integers.h"

namespace inform::kernels {

template <typename Quant>
constexpr bool shifted = false;

template <typename Quant>
constexpr int planes = sizeof(Quant);

// What 32 registers hold: the planes' sums, those of the rows in floats, weights and activations.
template <typename Quant>
constexpr int int_rows = planes<Quant> == 2 ? 4 : 6;

template <typename Quant>
struct IntTile : GroupScales {
    alignas(64) int8_t decoded[columns][depth];
#ifdef __ARM_FEATURE_MATMUL_INT8
    alignas(64) int8_t packed[depth / 8][columns / 2][2][8];
#else
    alignas(64) int32_t packed[depth / 4][columns];
#endif
    // Of each group 128 times the sum of its quants, with two planes.
    alignas(64) int32_t sums[planes<Quant> == 2 ? most_groups : 1][columns];
};

// The low plane first.
template <typename Quant>
struct IntActivations : RowScales<Quant> {
    alignas(64) int8_t bytes[planes<Quant>][depth];
};

inline void keep(const int8_t * quants, int count, IntActivations<int8_t> & to) {
    std::memcpy(to.bytes[0], quants, static_cast<size_t>(count));
}

inline void keep(const int16_t * quants, int count, IntActivations<int16_t> & to) {
    for (int k = 0; k < count; ++k) {
        to.bytes[0][k] = static_cast<int8_t>((quants[k] & 255) - 128);
        to.bytes[1][k] = static_cast<int8_t>(quants[k] >> 8);
    }
}

template <typename Quant>
void pack(IntTile<Quant> & tile, int count, int group) {
#ifdef __ARM_FEATURE_MATMUL_INT8
    for (int k = 0; k < count; k += 8) {
        for (int c = 0; c < columns; ++c)
            std::memcpy(tile.packed[k / 8][c / 2][c % 2], tile.decoded[c] + k, 8);
    }
#else
    place(reinterpret_cast<const int32_t *>(tile.decoded), depth / 4, count / 4, tile.packed);
#endif
    if (planes<Quant> == 1)
        return;
    for (int c = 0; c < columns; ++c) {
        for (int g = 0; g < count / group; ++g) {
            int32_t sum = 0;
            for (int k = g * group; k < (g + 1) * group; ++k)
                sum += tile.decoded[c][k];
            tile.sums[g][c] = 128 * sum;
        }
    }
}

// The sums of both planes as one.
inline Ints joined(Ints low, Ints high) {
    return vaddq_s32(low, vshlq_n_s32(high, 8));
}

#ifdef __ARM_FEATURE_MATMUL_INT8

// The products of a plane come as those of a column with two rows beside those of the next column, and leave as a row's
// with four columns.
template <int Rows, int Group, typename Quant>
inline void group_dots(const IntTile<Quant> & tile, int g, const IntActivations<Quant> * rows, Ints (&dots)[Rows][2]) {
    constexpr int steps = Group / 8, row_pairs = (Rows + 1) / 2, column_pairs = columns / 2;
    Ints sums[planes<Quant>][row_pairs][column_pairs];
#pragma GCC unroll 2
    for (auto & plane : sums) {
#pragma GCC unroll 3
        for (auto & pair : plane)
            std::fill(pair, pair + column_pairs, zero_ints());
    }
#pragma GCC unroll 4
    for (int s = 0; s < steps; ++s) {
        int8x16_t weights[column_pairs];
#pragma GCC unroll 4
        for (int c = 0; c < column_pairs; ++c)
            weights[c] = vld1q_s8(tile.packed[g * steps + s][c][0]);
#pragma GCC unroll 3
        for (int r = 0; r < row_pairs; ++r) {
            const auto & first = rows[2 * r];
            const auto & second = rows[2 * r + 1 < Rows ? 2 * r + 1 : 2 * r];
#pragma GCC unroll 2
            for (int p = 0; p < planes<Quant>; ++p) {
                const int at = (g * steps + s) * 8;
                const int8x16_t values = vcombine_s8(vld1_s8(first.bytes[p] + at), vld1_s8(second.bytes[p] + at));
#pragma GCC unroll 4
                for (int c = 0; c < column_pairs; ++c)
                    sums[p][r][c] = vmmlaq_s32(sums[p][r][c], weights[c], values);
            }
        }
    }
#pragma GCC unroll 3
    for (int r = 0; r < row_pairs; ++r) {
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            Ints left = sums[0][r][2 * half], right = sums[0][r][2 * half + 1];
            if constexpr (planes<Quant> == 2) {
                left = joined(left, sums[1][r][2 * half]);
                right = joined(right, sums[1][r][2 * half + 1]);
            }
            Ints of_rows[2] = {vuzp1q_s32(left, right), vuzp2q_s32(left, right)};
            for (int i = 0; i < 2 && 2 * r + i < Rows; ++i) {
                if constexpr (planes<Quant> == 2)
                    of_rows[i] = vaddq_s32(of_rows[i], load(tile.sums[g] + half * lanes));
                dots[2 * r + i][half] = of_rows[i];
            }
        }
    }
}

#else

template <int Rows, int Group, typename Quant>
inline void group_dots(const IntTile<Quant> & tile, int g, const IntActivations<Quant> * rows, Ints (&dots)[Rows][2]) {
    constexpr int steps = Group / 4;
    Ints sums[planes<Quant>][Rows][2];
#pragma GCC unroll 2
    for (int p = 0; p < planes<Quant>; ++p)
        set_all(sums[p], zero_ints());
#pragma GCC unroll 8
    for (int s = 0; s < steps; ++s) {
        const int32_t * weights = tile.packed[g * steps + s];
        const int8x16_t left = vreinterpretq_s8_s32(load(weights)), right = vreinterpretq_s8_s32(load(weights + lanes));
#pragma GCC unroll 6
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
            for (int p = 0; p < planes<Quant>; ++p) {
                const int32_t four = reinterpret_cast<const int32_t *>(rows[r].bytes[p])[g * steps + s];
                const int8x16_t values = vreinterpretq_s8_s32(broadcast(four));
                sums[p][r][0] = vdotq_s32(sums[p][r][0], left, values);
                sums[p][r][1] = vdotq_s32(sums[p][r][1], right, values);
            }
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            Ints sum = sums[0][r][half];
            if constexpr (planes<Quant> == 2)
                sum = vaddq_s32(joined(sum, sums[1][r][half]), load(tile.sums[g] + half * lanes));
            dots[r][half] = sum;
        }
    }
}

#endif

// Quants alone are bytes, so that scales meet the sums of a group.
struct WholeScaleTile : IntTile<int16_t> {
    alignas(64) int32_t whole_scales[most_groups][columns];
    alignas(64) float block_scales[columns];
};

inline void put(const int16_t * quants, int scale, int column, int k, WholeScaleTile & tile) {
    for (int i = 0; i < smallest_group; ++i)
        tile.decoded[column][k + i] = static_cast<int8_t>(quants[i]);
    tile.whole_scales[k / smallest_group][column] = scale;
}

template <int Rows, int Group, int Summed>
inline void scaled_dots(const WholeScaleTile & tile, int part, const IntActivations<int16_t> * rows,
                        Ints (&dots)[Rows][2]) {
    set_all(dots, zero_ints());
    for (int g = part * Summed / Group; g < (part + 1) * Summed / Group; ++g) {
        Ints of_group[Rows][2];
        group_dots<Rows, Group>(tile, g, rows, of_group);
        const int32_t * scales = tile.whole_scales[g * Group / smallest_group];
#pragma GCC unroll 6
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
            for (int half = 0; half < 2; ++half)
                dots[r][half] = vmlaq_s32(dots[r][half], of_group[r][half], load(scales + half * lanes));
        }
    }
}

}  // namespace inform::kernels
