#pragma once

// What all arithmetic of attention has in common. It takes a tile of rows, which are queries of one head each, and a
// block of cells of the KV cache:
//
//     scores   [cell][row] = key of the cell * query of the row
//     weights  [cell][row] = 2^(score - largest of the row so far)
//     values               = values so far * 2^(largest before - largest now) + weights * values of the cells
//
// Rows lie along the lanes of a vector, so that softmax is the same instructions for all of them: no row's result
// depends on the others. Cells come in groups, and a group that no row of the tile may see is left out. One that some
// rows may not see adds zeros to these, which changes nothing: so neither do the groups that are left out.

#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "operation.h"
#include "vectors.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

constexpr int row_vectors = 3;
constexpr int tile_rows = row_vectors * lanes;
constexpr int group_cells = 8;
constexpr int block_groups = 8;
constexpr int block_cells = block_groups * group_cells;

// Before a row has seen a cell. Not infinity, whose difference with itself is no number.
constexpr float no_score = -FLT_MAX;

// Bits, one for each group of a block.
using Groups = uint8_t;

// 2^x for x <= 0 to within 8e-8 of it, and 0 below -126, where it would be denormal. 2^x = 2^n * 2^f with the whole
// number n nearest to x; the polynomial is within 2e-9 of 2^f for f in [-0.5, 0.5] (least largest relative error, 1 at
// 0).
inline Floats power_of_two(Floats x) {
    const Floats n = to_nearest(x), f = minus(x, n);
    constexpr float coefficients[] = {1.3398875e-3f, 9.618437e-3f, 5.5503324e-2f, 0.24022648f, 0.6931472f, 1.0f};
    Floats result = broadcast(1.5353362e-4f);
#pragma GCC unroll 6
    for (float coefficient : coefficients)
        result = multiply_add(result, f, broadcast(coefficient));
    return zero_below(scale_by_powers(result, n), x, -126.0f);
}

constexpr float log2_e = 1.44269504f;

// (1 - t) / (1 + t) with t = e^(-2|x|): to within 1.1e-7.
inline Floats hyperbolic_tangent(Floats x) {
    const Floats magnitude = with_sign(x, zero_floats()), one = broadcast(1.0f);
    const Floats t = power_of_two(times(magnitude, broadcast(-2.0f * log2_e)));
    return with_sign(quotient(minus(one, t), plus(one, t)), x);
}

// Calls `step` with each group's number.
template <typename Step>
inline void for_each_group(Groups groups, const Step & step) {
    for (int group = 0; group < block_groups; ++group) {
        if (groups >> group & 1)
            step(group);
    }
}

struct Lengths {
    int64_t key, value;
};

// Which groups of a block some row of a tile sees, and which of these not all of its rows see as they are.
struct Sight {
    Groups seen, masked;
};

// How softmax sees scores, which are in powers of two: after `cap * tanh(score)` if there is a cap, and with the mask
// [group_cells][tile_rows] of a group, if it has one.
struct Scores {
    float cap;  // times log2_e; 0 for none

    Floats seen(Floats score, const float * mask, int at) const {
        if (cap != 0)
            score = times(hyperbolic_tangent(score), broadcast(cap));
        return mask ? plus(score, load(mask + at)) : score;
    }
};

// What a tile's rows have come to: the largest scores, and the sums of weights.
struct Softmax {
    float largest[tile_rows];
    float sums[tile_rows];

    void begin() {
        for (int row = 0; row < tile_rows; ++row) {
            largest[row] = no_score;
            sums[row] = 0;
        }
    }

    // Brings in a block's largest scores, which include those before, and its sums of weights. What the earlier sums
    // are multiplied with, values are, too.
    Floats advance(int lane, Floats now, Floats more) {
        const Floats factor = power_of_two(minus(load(largest + lane), now));
        store(largest + lane, now);
        store(sums + lane, multiply_add(load(sums + lane), factor, more));
        return factor;
    }

    // A row that saw no cell is zeros, as ggml's.
    float factor(int row) const { return sums[row] == 0 ? 0 : 1 / sums[row]; }
};

// Calls `step(k, lane, square)` with each square of the rows' numbers, transposed: number k + i of the rows from `lane`
// on is square[i]. What is beyond the rows or the numbers is zero.
template <typename Step>
void for_each_square(const float * const * rows, int count, int64_t length, const Step & step) {
    for (int lane = 0; lane < count; lane += lanes) {
        for (int64_t k = 0; k < length; k += lanes) {
            Ints square[lanes];
            for (int i = 0; i < lanes; ++i) {
                float padded[lanes] = {};
                const float * from = lane + i < count ? rows[lane + i] + k : padded;
                if (from != padded && k + lanes > length) {
                    std::memcpy(padded, from, static_cast<size_t>(length - k) * sizeof(float));
                    from = padded;
                }
                square[i] = load_unaligned(reinterpret_cast<const int32_t *>(from));
            }
            transpose(square);
            step(k, lane, square);
        }
    }
}

}  // namespace inform::kernels

#endif
