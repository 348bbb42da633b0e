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

// Weights as integers: of each column pairs of neighbours, which one instruction multiplies and adds.
struct IntTile {
    alignas(64) int32_t pairs[depth / 2][columns];
    alignas(64) float scales[most_groups][columns];
    alignas(64) float offsets[most_groups][columns];
};

// Activations of one row: `scale * quants` to within half a scale. Sums of quants, one for each group, meet the
// weights' offsets.
struct IntActivations {
    alignas(64) int16_t quants[depth];
    float sums[most_groups];
    float scale;
};

struct FloatTile {
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
template <int Rows, int Group, bool Offsets>
void multiply(const IntTile & tile, int count, const IntActivations * rows, Sums to, bool first) {
    constexpr int steps = Group / 2;
    Floats sums[Rows][2];
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r)
        sums[r][0] = sums[r][1] = zero_floats();
    for (int g = 0; g < count / Group; ++g) {
        Ints dots[Rows][2];
#pragma GCC unroll 6
        for (int r = 0; r < Rows; ++r)
            dots[r][0] = dots[r][1] = zero_ints();
#pragma GCC unroll 16
        for (int s = 0; s < steps; ++s) {
            const int32_t * weights = tile.pairs[g * steps + s];
            const Ints left = load(weights), right = load(weights + lanes);
#pragma GCC unroll 6
            for (int r = 0; r < Rows; ++r) {
                const Ints pair = broadcast(reinterpret_cast<const int32_t *>(rows[r].quants)[g * steps + s]);
                dots[r][0] = dot_add(left, pair, dots[r][0]);
                dots[r][1] = dot_add(right, pair, dots[r][1]);
            }
        }
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            const Floats scales = load(tile.scales[g] + half * lanes);
#pragma GCC unroll 6
            for (int r = 0; r < Rows; ++r) {
                sums[r][half] = multiply_add(to_floats(dots[r][half]), scales, sums[r][half]);
                if (Offsets) {
                    const Floats offsets = load(tile.offsets[g] + half * lanes);
                    sums[r][half] = multiply_add(offsets, broadcast(rows[r].sums[g]), sums[r][half]);
                }
            }
        }
    }
    add_to<Rows>(to, first, sums, [rows](int r) { return rows[r].scale; });
}

template <int Rows>
void multiply(const FloatTile & tile, int count, const FloatActivations * rows, Sums to, bool first) {
    Floats sums[Rows][2];
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r)
        sums[r][0] = sums[r][1] = zero_floats();
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
