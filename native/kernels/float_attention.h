#pragma once

// Attention in F32: see attention.h.

#include <algorithm>

#include "attention.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

class FloatAttention {
public:
    // A tile's queries [length of a key][tile_rows], and its values so far [tile_rows][whole vectors of a value].
    struct Tile {
        float * queries;
        float * values;
        Softmax softmax;
    };

    FloatAttention(Lengths lengths, Scores how, float * memory)
        : lengths_(lengths), how_(how), stride_(stride_of(lengths)), scores_(memory) {
        factors_ = scores_ + block_cells * tile_rows;
        keys_ = factors_ + tile_rows;
        values_ = keys_ + block_cells * lengths.key;
    }

    static int64_t floats(Lengths lengths) {
        return (block_cells + 1) * tile_rows + block_cells * (lengths.key + stride_of(lengths));
    }
    static int64_t tile_floats(Lengths lengths) { return tile_rows * (lengths.key + stride_of(lengths)); }

    void place(Tile & tile, float * memory) const {
        tile.queries = memory;
        tile.values = memory + tile_rows * lengths_.key;
    }

    void begin(Tile & tile, const float * const * queries, int rows, float scale) const {
        for_each_square(queries, rows, lengths_.key, [&](int64_t k, int lane, const Ints(&square)[lanes]) {
            const int64_t count = std::min<int64_t>(lanes, lengths_.key - k);
            for (int64_t i = 0; i < count; ++i)
                store(tile.queries + (k + i) * tile_rows + lane, times(with_bits(square[i]), broadcast(scale)));
        });
        std::fill(tile.values, tile.values + tile_rows * stride_, 0.0f);
        tile.softmax.begin();
    }

    // `key_to` and `value_to` write a cell's as floats. Cells beyond the last are zeros, as their weights are.
    template <typename KeyTo, typename ValueTo>
    void load_block(int count, const KeyTo & key_to, const ValueTo & value_to) {
        std::fill(keys_ + count * lengths_.key, keys_ + block_cells * lengths_.key, 0.0f);
        std::fill(values_ + count * stride_, values_ + block_cells * stride_, 0.0f);
        for (int cell = 0; cell < count; ++cell) {
            key_to(cell, keys_ + cell * lengths_.key);
            value_to(cell, values_ + cell * stride_);
        }
    }

    // Brings the groups of the block that a tile sees into what its rows have come to. `mask_of` gives a group's mask.
    template <int Vectors, typename MaskOf>
    void attend(Tile & tile, Sight sight, const MaskOf & mask_of) {
        Floats largest[Vectors];
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v)
            largest[v] = load(tile.softmax.largest + v * lanes);
        for_each_group(sight.seen, [&](int group) {
            score<Vectors>(tile.queries, group, sight.masked >> group & 1 ? mask_of(group) : nullptr, largest);
        });
        weigh<Vectors>(sight.seen, largest, tile.softmax);
        const int64_t vectors = stride_ / lanes;
        for (int row = 0; row < Vectors * lanes; row += value_rows) {
            int64_t v = 0;
            for (; v + value_vectors <= vectors; v += value_vectors)
                add_values<value_vectors>(sight.seen, row, v, tile);
            add_last_values<value_vectors - 1>(vectors - v, sight.seen, row, v, tile);
        }
    }

    void finish(const Tile & tile, float * const * outputs, int rows) const {
        for (int row = 0; row < rows; ++row) {
            const float factor = tile.softmax.factor(row);
            for (int64_t i = 0; i < lengths_.value; ++i)
                outputs[row][i] = tile.values[row * stride_ + i] * factor;
        }
    }

private:
    // What 32 registers hold, or 16: keys that meet all rows of a tile at once; rows and vectors of values.
    static constexpr int key_step = vector_registers == 32 ? 8 : 4;
    static constexpr int value_rows = 6;
    static constexpr int value_vectors = vector_registers == 32 ? 4 : 2;
    static_assert(tile_rows % value_rows == 0, "the rows of a tile");

    static int64_t stride_of(Lengths lengths) { return whole(lengths.value, lanes); }

    template <int Vectors>
    void score(const float * queries, int group, const float * mask, Floats (&largest)[Vectors]) {
        const int64_t length = lengths_.key;
        for (int first = 0; first < group_cells; first += key_step) {
            Floats dots[key_step][Vectors];
#pragma GCC unroll 8
            for (int c = 0; c < key_step; ++c) {
#pragma GCC unroll 3
                for (int v = 0; v < Vectors; ++v)
                    dots[c][v] = zero_floats();
            }
            const float * key = keys_ + (group * group_cells + first) * length;
#pragma GCC unroll 2
            for (int64_t k = 0; k < length; ++k) {
                Floats query[Vectors];
#pragma GCC unroll 3
                for (int v = 0; v < Vectors; ++v)
                    query[v] = load(queries + k * tile_rows + v * lanes);
#pragma GCC unroll 8
                for (int c = 0; c < key_step; ++c) {
                    const Floats at = broadcast(key[c * length + k]);
#pragma GCC unroll 3
                    for (int v = 0; v < Vectors; ++v)
                        dots[c][v] = multiply_add(query[v], at, dots[c][v]);
                }
            }
            float * scores = scores_ + group * group_cells * tile_rows;
#pragma GCC unroll 8
            for (int c = 0; c < key_step; ++c) {
#pragma GCC unroll 3
                for (int v = 0; v < Vectors; ++v) {
                    const int at = (first + c) * tile_rows + v * lanes;
                    const Floats score = how_.seen(dots[c][v], mask, at);
                    store(scores + at, score);
                    largest[v] = larger(score, largest[v]);
                }
            }
        }
    }

    // The weights of the block's cells in the place of their scores.
    template <int Vectors>
    void weigh(Groups groups, const Floats (&largest)[Vectors], Softmax & softmax) {
        Floats sums[Vectors];
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v)
            sums[v] = zero_floats();
        for_each_group(groups, [&](int group) {
#pragma GCC unroll 8
            for (int c = 0; c < group_cells; ++c) {
#pragma GCC unroll 3
                for (int v = 0; v < Vectors; ++v) {
                    float * at = scores_ + (group * group_cells + c) * tile_rows + v * lanes;
                    const Floats weight = power_of_two(minus(load(at), largest[v]));
                    store(at, weight);
                    sums[v] = plus(sums[v], weight);
                }
            }
        });
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v)
            store(factors_ + v * lanes, softmax.advance(v * lanes, largest[v], sums[v]));
    }

    // Adds the block's weighed values to some rows' and some vectors of them. `first` is the first of these.
    template <int Vectors>
    void add_values(Groups groups, int row, int64_t first, Tile & tile) const {
        float * to = tile.values + row * stride_ + first * lanes;
        Floats sums[value_rows][Vectors];
#pragma GCC unroll 6
        for (int r = 0; r < value_rows; ++r) {
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v)
                sums[r][v] = times(load(to + r * stride_ + v * lanes), broadcast(factors_[row + r]));
        }
        for_each_group(groups, [&](int group) {
            const float * weight = scores_ + group * group_cells * tile_rows + row;
            const float * value = values_ + group * group_cells * stride_ + first * lanes;
#pragma GCC unroll 2
            for (int c = 0; c < group_cells; ++c, weight += tile_rows, value += stride_) {
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
                store(to + r * stride_ + v * lanes, sums[r][v]);
        }
    }

    // The last vectors of a value, of which there are fewer than are added at once.
    template <int Vectors>
    void add_last_values(int64_t vectors, Groups groups, int row, int64_t first, Tile & tile) const {
        if constexpr (Vectors > 0) {
            if (vectors == Vectors)
                return add_values<Vectors>(groups, row, first, tile);
            add_last_values<Vectors - 1>(vectors, groups, row, first, tile);
        }
    }

    Lengths lengths_;
    Scores how_;
    int64_t stride_;
    float * scores_;   // [block_cells][tile_rows]
    float * factors_;  // [tile_rows]
    float * keys_;     // [block_cells][length]
    float * values_;   // [block_cells][stride]
};

}  // namespace inform::kernels

#endif
