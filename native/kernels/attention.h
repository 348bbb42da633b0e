#pragma once

// The arithmetic of attention, for a tile of rows and a block of cells of the KV cache. A row is a query of one head.
// Rows lie along the lanes of a vector, so that softmax is the same instructions for all of them: no row's result
// depends on the others. Everything is F32.
//
//     scores   [cell][row] = key of the cell * query of the row
//     weights  [cell][row] = 2^(score - largest of the row so far), in the scores' place
//     values   [row][...]  = values so far * 2^(largest before - largest now) + weights * values of the cells
//
// Cells come in groups, and a group that no row of the tile may see is left out. To one that some rows may not see it
// adds zeros there, which changes nothing: so neither do the groups that are left out.

#include <cfloat>
#include <cstddef>
#include <cstdint>

#include "vectors.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

constexpr int row_vectors = 3;
constexpr int tile_rows = row_vectors * lanes;
constexpr int group_cells = 8;
constexpr int block_groups = 8;
constexpr int block_cells = block_groups * group_cells;

// What 32 registers hold, or 16: keys that meet all rows of a tile at once; rows and vectors of values.
constexpr int key_step = lanes == 16 ? 8 : 4;
constexpr int value_rows = 6;
constexpr int value_vectors = lanes == 16 ? 4 : 2;
static_assert(tile_rows % value_rows == 0, "the rows of a tile");

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

// What a tile's rows have come to: their queries, packed; the largest scores; the sums of weights; the weighed values.
struct TileState {
    float * queries;  // [length of a key][tile_rows]
    float * values;   // [tile_rows][stride_of(length of a value)]
    float largest[tile_rows];
    float sums[tile_rows];
};

// Values are padded with zeros to whole vectors.
inline int64_t stride_of(int64_t length) {
    return (length + lanes - 1) / lanes * lanes;
}

// How scores become those that softmax sees: in powers of two, after `cap * tanh(score)` if there is a cap.
struct Scores {
    int64_t length;  // of a key
    float cap;       // times log2_e; 0 for none
};

// One group's scores; `mask` [group_cells][tile_rows] is added to them, if there is one.
template <int Vectors>
void score_group(const Scores & how, const float * queries, const float * keys, const float * mask, float * scores,
                 Floats (&largest)[Vectors]) {
    for (int cell = 0; cell < group_cells; cell += key_step) {
        Floats dots[key_step][Vectors];
#pragma GCC unroll 8
        for (int c = 0; c < key_step; ++c) {
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; ++v)
                dots[c][v] = zero_floats();
        }
        const float * key = keys + cell * how.length;
#pragma GCC unroll 2
        for (int64_t k = 0; k < how.length; ++k) {
            Floats query[Vectors];
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; ++v)
                query[v] = load(queries + k * tile_rows + v * lanes);
#pragma GCC unroll 8
            for (int c = 0; c < key_step; ++c) {
                const Floats at = broadcast(key[c * how.length + k]);
#pragma GCC unroll 3
                for (int v = 0; v < Vectors; ++v)
                    dots[c][v] = multiply_add(query[v], at, dots[c][v]);
            }
        }
#pragma GCC unroll 8
        for (int c = 0; c < key_step; ++c) {
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; ++v) {
                const int at = (cell + c) * tile_rows + v * lanes;
                Floats score = dots[c][v];
                if (how.cap != 0)
                    score = times(hyperbolic_tangent(score), broadcast(how.cap));
                if (mask)
                    score = plus(score, load(mask + at));
                store(scores + at, score);
                largest[v] = larger(score, largest[v]);
            }
        }
    }
}

// Calls `step` with each group's number.
template <typename Step>
inline void for_each_group(Groups groups, const Step & step) {
    for (int group = 0; group < block_groups; ++group) {
        if (groups >> group & 1)
            step(group);
    }
}

// The weights of a block's cells in the place of their scores, and what the rows' earlier values are to be multiplied
// with.
template <int Vectors>
void weigh(Groups groups, float * scores, const Floats (&largest)[Vectors], TileState & state, float * factors) {
    Floats sums[Vectors];
#pragma GCC unroll 3
    for (int v = 0; v < Vectors; ++v)
        sums[v] = zero_floats();
    for_each_group(groups, [&](int group) {
#pragma GCC unroll 8
        for (int c = 0; c < group_cells; ++c) {
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; ++v) {
                float * at = scores + (group * group_cells + c) * tile_rows + v * lanes;
                const Floats weight = power_of_two(minus(load(at), largest[v]));
                store(at, weight);
                sums[v] = plus(sums[v], weight);
            }
        }
    });
#pragma GCC unroll 3
    for (int v = 0; v < Vectors; ++v) {
        const int at = v * lanes;
        const Floats factor = power_of_two(minus(load(state.largest + at), largest[v]));
        store(factors + at, factor);
        store(state.largest + at, largest[v]);
        store(state.sums + at, multiply_add(load(state.sums + at), factor, sums[v]));
    }
}

// Adds a block's weighed values to some rows' and some vectors of them. `at` is the first of both.
template <int Vectors>
void add_values(Groups groups, const float * weights, const float * factors, const float * values, int64_t stride,
                float * to) {
    Floats sums[value_rows][Vectors];
#pragma GCC unroll 6
    for (int r = 0; r < value_rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v)
            sums[r][v] = times(load(to + r * stride + v * lanes), broadcast(factors[r]));
    }
    for_each_group(groups, [&](int group) {
        const float * weight = weights + group * group_cells * tile_rows;
        const float * value = values + group * group_cells * stride;
#pragma GCC unroll 2
        for (int c = 0; c < group_cells; ++c, weight += tile_rows, value += stride) {
            Floats of_cell[Vectors];
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v)
                of_cell[v] = load(value + v * lanes);
#pragma GCC unroll 6
            for (int r = 0; r < value_rows; ++r) {
                const Floats by = broadcast(weight[r]);
#pragma GCC unroll 4
                for (int v = 0; v < Vectors; ++v)
                    sums[r][v] = multiply_add(of_cell[v], by, sums[r][v]);
            }
        }
    });
#pragma GCC unroll 6
    for (int r = 0; r < value_rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v)
            store(to + r * stride + v * lanes, sums[r][v]);
    }
}

// The last vectors of a value, of which there are fewer than are added at once.
template <int Vectors>
void add_last_values(int64_t vectors, Groups groups, const float * weights, const float * factors, const float * values,
                     int64_t stride, float * to) {
    if constexpr (Vectors > 0) {
        if (vectors == Vectors)
            return add_values<Vectors>(groups, weights, factors, values, stride, to);
        add_last_values<Vectors - 1>(vectors, groups, weights, factors, values, stride, to);
    }
}

// A block of cells: keys [block_cells][length], values [block_cells][stride], and room for a tile's scores.
struct Block {
    const float * keys;
    const float * values;
    float * scores;   // [block_cells][tile_rows]
    float * factors;  // [tile_rows]
};

// Brings the groups of a block that a tile sees into what its rows have come to. `mask_of` gives a group's mask, or
// null.
template <int Vectors, typename MaskOf>
void attend(const Scores & how, const Block & block, Groups groups, const MaskOf & mask_of, int64_t stride,
            TileState & state) {
    Floats largest[Vectors];
#pragma GCC unroll 3
    for (int v = 0; v < Vectors; ++v)
        largest[v] = load(state.largest + v * lanes);
    for_each_group(groups, [&](int group) {
        score_group<Vectors>(how, state.queries, block.keys + group * group_cells * how.length, mask_of(group),
                             block.scores + group * group_cells * tile_rows, largest);
    });
    weigh<Vectors>(groups, block.scores, largest, state, block.factors);
    const int64_t vectors = stride / lanes;
    for (int row = 0; row < Vectors * lanes; row += value_rows) {
        const float * weights = block.scores + row;
        float * to = state.values + row * stride;
        int64_t v = 0;
        for (; v + value_vectors <= vectors; v += value_vectors) {
            add_values<value_vectors>(groups, weights, block.factors + row, block.values + v * lanes, stride,
                                      to + v * lanes);
        }
        add_last_values<value_vectors - 1>(vectors - v, groups, weights, block.factors + row, block.values + v * lanes,
                                           stride, to + v * lanes);
    }
}

}  // namespace inform::kernels

#endif
