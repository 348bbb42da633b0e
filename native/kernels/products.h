#pragma once

// The products of a tile of weights with rows of activations. A tile is as deep as the longest block of weights and two
// vectors wide, so that it lies in the first cache while all rows of a micro-batch pass, and what it took to decode it
// is shared by them. A product of one row and one column does not depend on what is computed beside it: neither on the
// batch nor on the threads.

#include "decode.h"
#include "vectors.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

constexpr int columns = 2 * lanes;

// How many neighbours of a column one instruction multiplies and adds: two of 16 bits, four of 8.
template <typename Quant>
constexpr int in_lane = 4 / sizeof(Quant);

// Weights as integers: each lane has neighbours of a column. `decoded` is where they are before they are laid out so.
template <typename Quant>
struct IntTile {
    alignas(64) Quant decoded[columns][depth];
    alignas(64) int32_t packed[depth / in_lane<Quant>][columns];
    alignas(64) float scales[most_groups][columns];
    alignas(64) float offsets[most_groups][columns];
};

// How many activations share a scale: with 8 bits no more than a group of weights does, since a single large value
// costs the others their last bits.
template <typename Quant>
constexpr bool scale_for_group = sizeof(Quant) == 1;

// Activations of one row: a scale times a quant, to within half a scale. There is a scale for each group, or one. Sums
// of what the quants stand for (without the scale where there is one) meet the weights' offsets, group by group.
template <typename Quant>
struct IntActivations {
    alignas(64) Quant quants[depth];
    float scales[scale_for_group<Quant> ? most_groups : 1];
    float sums[most_groups];
};

struct FloatTile {
    alignas(64) float decoded[columns][depth];
    alignas(64) float weights[depth][columns];
};

struct FloatActivations {
    alignas(64) float values[depth];
};

// A tile's products with rows of activations. They are added to those of the tiles before, which hold the first parts
// of the same rows of weights, or take their place if there are none.
using Sums = float (*)[columns];

template <int Rows, typename Vector>
inline void set_all(Vector (&to)[Rows][2], Vector value) {
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r)
        to[r][0] = to[r][1] = value;
}

template <int Rows, typename Scale>
inline void add_to(Sums to, bool first, const Floats (&sums)[Rows][2], Scale scale) {
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            const Floats before = first ? zero_floats() : load(to[r] + half * lanes);
            store(to[r] + half * lanes, multiply_add(sums[r][half], broadcast(scale(r)), before));
        }
    }
}

// A group's products are summed in 32 bits, exactly: 32 products of 8 and 16 bits take 28.
template <int Rows, int Group, bool Offsets, typename Quant>
void multiply(const IntTile<Quant> & tile, int count, const IntActivations<Quant> * rows, Sums to, bool first) {
    constexpr int steps = Group / in_lane<Quant>;
    Floats sums[Rows][2];
    set_all(sums, zero_floats());
    for (int g = 0; g < count / Group; ++g) {
        Ints dots[Rows][2];
        set_all(dots, zero_ints());
#pragma GCC unroll 16
        for (int s = 0; s < steps; ++s) {
            const int32_t * weights = tile.packed[g * steps + s];
            const Ints left = load(weights), right = load(weights + lanes);
#pragma GCC unroll 6
            for (int r = 0; r < Rows; ++r) {
                const Ints values = broadcast(reinterpret_cast<const int32_t *>(rows[r].quants)[g * steps + s]);
                dots[r][0] = dot_add(left, values, dots[r][0], Quant());
                dots[r][1] = dot_add(right, values, dots[r][1], Quant());
            }
        }
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            const Floats scales = load(tile.scales[g] + half * lanes);
#pragma GCC unroll 6
            for (int r = 0; r < Rows; ++r) {
                const Floats dot = to_floats(dots[r][half]);
                if constexpr (scale_for_group<Quant>)
                    sums[r][half] = multiply_add(times(dot, broadcast(rows[r].scales[g])), scales, sums[r][half]);
                else
                    sums[r][half] = multiply_add(dot, scales, sums[r][half]);
                if (Offsets) {
                    const Floats offsets = load(tile.offsets[g] + half * lanes);
                    sums[r][half] = multiply_add(offsets, broadcast(rows[r].sums[g]), sums[r][half]);
                }
            }
        }
    }
    add_to<Rows>(to, first, sums, [rows](int r) { return scale_for_group<Quant> ? 1.0f : rows[r].scales[0]; });
}

template <int Rows>
void multiply(const FloatTile & tile, int count, const FloatActivations * rows, Sums to, bool first) {
    Floats sums[Rows][2];
    set_all(sums, zero_floats());
#pragma GCC unroll 4
    for (int k = 0; k < count; ++k) {
        const Floats left = load(tile.weights[k]), right = load(tile.weights[k] + lanes);
#pragma GCC unroll 12
        for (int r = 0; r < Rows; ++r) {
            const Floats value = broadcast(rows[r].values[k]);
            sums[r][0] = multiply_add(left, value, sums[r][0]);
            sums[r][1] = multiply_add(right, value, sums[r][1]);
        }
    }
    add_to<Rows>(to, first, sums, [](int) { return 1.0f; });
}

}  // namespace inform::kernels

#endif
