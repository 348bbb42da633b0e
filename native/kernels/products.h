#pragma once

// The products of a tile of weights with rows of activations. A product of one row and one column does not depend on
// what is computed beside it: neither on the batch nor on the threads.

#include "integers.h"
#include "tile.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

// How many rows of floats the products take at once: what the registers hold.
constexpr int float_rows = vector_registers == 32 ? 12 : 6;

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
    Floats sums[Rows][2];
    set_all(sums, zero_floats());
    for (int g = 0; g < count / Group; ++g) {
        Ints dots[Rows][2];
        group_dots<Rows, Group>(tile, g, rows, dots);
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

// With whole-number scales nothing is left to do for a group but to add: offsets and the block's scale come last.
template <int Rows, int Group, int Summed, bool Offsets>
void multiply(const WholeScaleTile & tile, int count, const IntActivations<int16_t> * rows, Sums to, bool first) {
    Floats sums[Rows][2];
    set_all(sums, zero_floats());
    for (int part = 0; part < count / Summed; ++part) {
        Ints dots[Rows][2];
        scaled_dots<Rows, Group, Summed>(tile, part, rows, dots);
#pragma GCC unroll 6
        for (int r = 0; r < Rows; ++r) {
            sums[r][0] = plus(sums[r][0], to_floats(dots[r][0]));
            sums[r][1] = plus(sums[r][1], to_floats(dots[r][1]));
        }
    }
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
        const Floats scales = load(tile.block_scales + half * lanes);
#pragma GCC unroll 6
        for (int r = 0; r < Rows; ++r)
            sums[r][half] = times(sums[r][half], scales);
    }
    for (int g = 0; Offsets && g < count / Group; ++g) {
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            const Floats offsets = load(tile.offsets[g] + half * lanes);
#pragma GCC unroll 6
            for (int r = 0; r < Rows; ++r)
                sums[r][half] = multiply_add(offsets, broadcast(rows[r].sums[g]), sums[r][half]);
        }
    }
    add_to<Rows>(to, first, sums, [rows](int r) { return rows[r].scales[0]; });
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
