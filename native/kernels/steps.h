#pragma once

// Each arithmetic's step: how a thread's tile and the activations are filled, and how the ones pass the other.

#include <algorithm>
#include <cstring>

#include "activations.h"
#include "matrices.h"
#include "pieces.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

// How many rows of activations pass a tile at once: their sums stay in the second cache.
constexpr int64_t most_part_rows = 576;

// Parts have a multiple of these, which is one of what any of the products takes at once.
constexpr int64_t fewest_part_rows = 96;

// How many panels of columns a piece of work has at most. The activations of a block come from the third cache or from
// memory, and meet all panels of a piece while they lie in the second.
constexpr int64_t most_panels = 8;

// What a thread works in. Not on its stack, which is small with some C libraries.
template <typename Tile>
struct Scratch {
    Tile tile;
    alignas(64) float sums[most_panels][most_part_rows][columns];
};

// Activations of a block, from `row` on as many rows as a step takes together.
template <typename Quant>
void fill(IntActivations<Quant> & to, const Product & product, int64_t row, int64_t block, const Format & format) {
    const bool sums = format.has_offsets || shifted<Quant>;
    round_activations(product.values(block, row), product.count(block), format.group, sums, to);
}

inline void fill(FloatActivations & to, const Product & product, int64_t row, int64_t block, const Format *) {
    std::memcpy(to.values, product.values(block, row), static_cast<size_t>(product.count(block)) * sizeof(float));
}

#ifdef INFORM_KERNELS_AMX
template <int Pieces>
void fill(PieceActivations<Pieces> & to, const Product & product, int64_t row, int64_t block, const Format *) {
    // Beyond the last row there is that again, whose products are not written.
    const float * rows[amx_rows];
    for (int r = 0; r < amx_rows; ++r)
        rows[r] = product.values(block, std::min(row + r, product.rows - 1));
    for (int k = 0; k < product.count(block) / amx_depth; ++k)
        pack(rows, k, to);
}
#endif

// Quants as they lie in a tile, less what is zero there.
template <typename To>
void put(const int16_t * quants, int count, int zero, To * to) {
    for (int k = 0; k < count; ++k)
        to[k] = static_cast<To>(quants[k] - zero);
}

template <typename Quant>
void fill(IntTile<Quant> & tile, const Product & product, Place at, const Format & format) {
    const int count = product.count(at.block), groups = count / format.group;
    const int zero = shifted<Quant> ? format.lowest : 0;
    for (int c = 0; c < columns; ++c) {
        int16_t quants[depth];
        float scales[most_groups], offsets[most_groups] = {};
        const float block_scale =
            format.decode(product.weights_at(product.column(at.output, c), at.block), count, quants, scales, offsets);
        put(quants, count, zero, tile.decoded[c]);
        for (int g = 0; g < groups; ++g) {
            const float scale = block_scale * scales[g];
            tile.scales[g][c] = scale;
            tile.offsets[g][c] = shifted<Quant> ? offsets[g] + static_cast<float>(zero) * scale : offsets[g];
        }
    }
    pack(tile, count, format.group);
}

inline void fill(WholeScaleTile & tile, const Product & product, Place at, const Format & format) {
    const int count = product.count(at.block), groups = count / format.group;
    for (int c = 0; c < columns; ++c) {
        int16_t quants[depth];
        float scales[most_groups], offsets[most_groups] = {};
        tile.block_scales[c] =
            format.decode(product.weights_at(product.column(at.output, c), at.block), count, quants, scales, offsets);
        for (int g = 0; g < groups; ++g) {
            for (int k = g * format.group; k < (g + 1) * format.group; k += smallest_group)
                put(quants + k, static_cast<int>(scales[g]), c, k, tile);
            tile.offsets[g][c] = offsets[g];
        }
    }
    pack(tile, count, std::min(format.group, format.summed));
}

// What integers stand for.
template <int Group>
void weights_of(const int16_t * quants, float block_scale, const float * scales, const float * offsets, int count,
                float * weights) {
    for (int g = 0; g < count / Group; ++g) {
        const Floats scale = broadcast(block_scale * scales[g]), offset = broadcast(offsets[g]);
#pragma GCC unroll 8
        for (int k = g * Group; k < (g + 1) * Group; k += lanes)
            store(weights + k, plus(times(to_floats(load_widened(quants + k)), scale), offset));
    }
}

// A column's weights as floats, whatever they are in the file.
inline void decode(const Product & product, int64_t output, int64_t block, const Format * format, float * weights) {
    const void * at = product.weights_at(output, block);
    const int count = product.count(block);
    if (!format)
        return decode_floats(product.weights->type, at, count, weights);
    int16_t quants[depth];
    float scales[most_groups], offsets[most_groups] = {};
    const float block_scale = format->decode(at, count, quants, scales, offsets);
    if (format->group == 16)
        weights_of<16>(quants, block_scale, scales, offsets, count, weights);
    else
        weights_of<32>(quants, block_scale, scales, offsets, count, weights);
}

inline void fill(FloatTile & tile, const Product & product, Place at, const Format * format) {
    for (int c = 0; c < columns; ++c)
        decode(product, product.column(at.output, c), at.block, format, tile.decoded[c]);
    place(reinterpret_cast<const int32_t *>(tile.decoded), depth, product.count(at.block),
          reinterpret_cast<int32_t (*)[columns]>(tile.weights));
}

#ifdef INFORM_KERNELS_AMX
template <int Pieces>
void fill(PieceTile<Pieces> & tile, const Product & product, Place at, const Format * format) {
    for (int c = 0; c < columns; ++c) {
        alignas(64) float weights[depth];
        decode(product, product.column(at.output, c), at.block, format, weights);
        for (int k = 0; k < product.count(at.block) / amx_depth; ++k)
            split<Pieces>(weights + k * amx_depth, tile.values[0][k][c], columns * depth);
    }
}
#endif

// A tile and the activations that pass it. A step says of how many rows these are (`together`), and how many such are
// taken at once.
template <typename TileOf, typename ActivationsOf>
struct Step {
    using Tile = TileOf;
    using Activations = ActivationsOf;
    using Scratch = kernels::Scratch<Tile>;

    static constexpr int together = 1;
    struct Registers {};  // what a thread has to have ready beside its scratch

    const Tile & tile;
    int count;
    const Activations * rows;
    Sums to;
    bool first;
};

template <typename Quant, int Group, bool Offsets>
struct IntStep : Step<IntTile<Quant>, IntActivations<Quant>> {
    static constexpr int at_once = int_rows<Quant>;

    template <int Rows>
    void run() const {
        multiply<Rows, Group, Offsets>(this->tile, this->count, this->rows, this->to, this->first);
    }
};

template <int Group, int Summed, bool Offsets>
struct WholeScaleStep : Step<WholeScaleTile, IntActivations<int16_t>> {
    static constexpr int at_once = int_rows<int16_t>;

    template <int Rows>
    void run() const {
        multiply<Rows, Group, Summed, Offsets>(tile, count, rows, to, first);
    }
};

struct FloatStep : Step<FloatTile, FloatActivations> {
    static constexpr int at_once = float_rows;

    template <int Rows>
    void run() const {
        multiply<Rows>(tile, count, rows, to, first);
    }
};

#ifdef INFORM_KERNELS_AMX
template <int OfWeights, int OfActivations>
struct PieceStep : Step<PieceTile<OfWeights>, PieceActivations<OfActivations>> {
    static constexpr int together = amx_rows;
    using Registers = AmxRegisters;
    static constexpr int at_once = 2;

    template <int Groups>
    void run() const {
        multiply<Groups>(this->tile, this->count, this->rows, this->to, this->first);
    }
};
#endif

}  // namespace inform::kernels

#endif
