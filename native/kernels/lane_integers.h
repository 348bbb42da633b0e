#pragma once

// Integers where an instruction multiplies two neighbours of 16 bits, or four of 8, in each lane: integers.h.

#include <cstring>

#include "integers.h"

namespace inform::kernels {

// The instruction for 8 bits wants one side without signs.
template <typename Quant>
constexpr bool shifted = sizeof(Quant) == 1;

template <typename Quant>
constexpr int int_rows = vector_registers == 32 ? 6 : 3;

// How many neighbours of a column one instruction multiplies and adds.
template <typename Quant>
constexpr int in_lane = 4 / sizeof(Quant);

template <typename Quant>
struct IntTile : GroupScales {
    alignas(64) Quant decoded[columns][depth];
    alignas(64) int32_t packed[depth / in_lane<Quant>][columns];
};

template <typename Quant>
struct IntActivations : RowScales<Quant> {
    alignas(64) Quant quants[depth];
};

template <typename Quant>
void keep(const Quant * quants, int count, IntActivations<Quant> & to) {
    std::memcpy(to.quants, quants, static_cast<size_t>(count) * sizeof *quants);
}

template <typename Quant>
void pack(IntTile<Quant> & tile, int count, int) {
    constexpr int per = in_lane<Quant>;
    place(reinterpret_cast<const int32_t *>(tile.decoded), depth / per, count / per, tile.packed);
}

template <int Rows, int Group, typename Quant>
inline void group_dots(const IntTile<Quant> & tile, int g, const IntActivations<Quant> * rows, Ints (&dots)[Rows][2]) {
    constexpr int steps = Group / in_lane<Quant>;
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
}

// Quants times their scales, which fit 16 bits.
struct WholeScaleTile : IntTile<int16_t> {
    alignas(64) float block_scales[columns];
};

inline void put(const int16_t * quants, int scale, int column, int k, WholeScaleTile & tile) {
    int16_t scaled[smallest_group];
    for (int i = 0; i < smallest_group; ++i)
        scaled[i] = static_cast<int16_t>(quants[i] * scale);
    std::memcpy(tile.decoded[column] + k, scaled, sizeof scaled);
}

template <int Rows, int Group, int Summed>
inline void scaled_dots(const WholeScaleTile & tile, int part, const IntActivations<int16_t> * rows,
                        Ints (&dots)[Rows][2]) {
    group_dots<Rows, Summed>(tile, part, rows, dots);
}

}  // namespace inform::kernels
