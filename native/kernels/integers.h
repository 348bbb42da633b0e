#pragma once

// Weights and activations as integers, and the exact products of a group of them, in whichever way the CPU's
// instructions want them:
//
//     IntTile<Quant>, IntActivations<Quant>   the two, with activations of 8 or 16 bits
//     shifted<Quant>                          whether weights are made non-negative, which is one more offset
//     int_rows<Quant>                         how many rows of activations the products take at once
//     keep(quants, count, activations)        rounded activations as the products take them
//     pack(tile, count, group)                decoded weights as the products take them
//     group_dots<Rows, Group>(...)            the sums of a group's products
//
// and with whole-number scales of the weights, for activations of 16 bits:
//
//     WholeScaleTile                          weights with such scales
//     put(quants, scale, column, k, tile)     16 decoded weights, from the k-th of a column on
//     scaled_dots<Rows, Group, Summed>(...)   the sums of `Summed` products of an activation, a quant and its scale

#include "tile.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

// How many activations share a scale: with 8 bits no more than a group of weights does, since a single large value
// costs the others their last bits.
template <typename Quant>
constexpr bool scale_for_group = sizeof(Quant) == 1;

// A tile's scales and offsets.
struct GroupScales {
    alignas(64) float scales[most_groups][columns];
    alignas(64) float offsets[most_groups][columns];
};

// Activations of one row: a scale times a quant, to within half a scale. There is a scale for each group, or one. Sums
// of what the quants stand for (without the scale where there is one) meet the weights' offsets, group by group.
template <typename Quant>
struct RowScales {
    float scales[scale_for_group<Quant> ? most_groups : 1];
    float sums[most_groups];
};

}  // namespace inform::kernels

#ifdef __ARM_FEATURE_DOTPROD
#include "byte_integers.h"
#else
#include "lane_integers.h"
#endif

#endif
