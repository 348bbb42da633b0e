#pragma once

// Attention in AMX's registers, with every factor as the sum of two BF16 numbers, the second of which is what the first
// leaves over, rounded: together 16 bits and more, and all that an F16 number has. Of a product of two such sums
// a1*b1 + a1*b2 + a2*b1 is computed, each product exactly, and summed in F32: to within 2^-16 of the product. Softmax
// is F32.

#include <algorithm>

#include "amx.h"
#include "attention.h"

#ifdef INFORM_KERNELS_AMX

namespace inform::kernels {

class PieceAttention {
public:
    // A tile's queries [pieces][pairs of a key's numbers][tile_rows], and its values so far, [numbers][tile_rows].
    struct Tile {
        uint32_t * queries;
        float * values;
        bool empty;  // no values yet: what is there has no meaning
        Softmax softmax;
    };

    PieceAttention(Lengths lengths, Scores how, float * memory)
        : lengths_(lengths),
          how_(how),
          key_length_(whole(lengths.key, step)),
          value_length_(whole(lengths.value, lanes)),
          scores_(memory) {
        weights_ = reinterpret_cast<uint32_t *>(scores_ + block_cells * tile_rows);
        decoded_ = scores_ + 2 * block_cells * tile_rows;
        keys_ = reinterpret_cast<uint16_t *>(decoded_ + lanes * std::max(key_length_, value_length_));
        values_ = keys_ + 2 * block_cells * key_length_;
    }

    static int64_t floats(Lengths lengths) {
        const int64_t key = whole(lengths.key, step), value = whole(lengths.value, lanes);
        return 2 * block_cells * tile_rows + lanes * std::max(key, value) + block_cells * (key + value);
    }
    static int64_t tile_floats(Lengths lengths) {
        return tile_rows * (whole(lengths.key, step) + whole(lengths.value, lanes));
    }

    void place(Tile & tile, float * memory) const {
        tile.queries = reinterpret_cast<uint32_t *>(memory);
        tile.values = memory + tile_rows * key_length_;
    }

    void begin(Tile & tile, const float * const * queries, int rows, float scale) const {
        const auto scaled = [scale](Ints values) { return times(with_bits(values), broadcast(scale)); };
        // What is beyond the key's length is zero in the memory that is given.
        for_each_square(queries, rows, lengths_.key, [&](int64_t k, int lane, const Ints(&square)[lanes]) {
            for (int i = 0; i < lanes; i += 2) {
                put_pair(scaled(square[i]), scaled(square[i + 1]), tile.queries + (k + i) / 2 * tile_rows + lane,
                         key_length_ / 2 * tile_rows);
            }
        });
        tile.empty = true;
        tile.softmax.begin();
    }

    // `key_to` and `value_to` write a cell's as floats. Cells beyond the last are zeros, as their weights are.
    template <typename KeyTo, typename ValueTo>
    void load_block(int count, const KeyTo & key_to, const ValueTo & value_to) {
        std::fill(decoded_, decoded_ + lanes * std::max(key_length_, value_length_), 0.0f);
        for (int cell = 0; cell < block_cells; ++cell) {
            if (cell < count)
                key_to(cell, decoded_);
            else
                std::fill(decoded_, decoded_ + key_length_, 0.0f);
            for (int64_t k = 0; k < key_length_; k += lanes)
                put(load(decoded_ + k), keys_ + cell * key_length_ + k, block_cells * key_length_);
        }
        std::fill(decoded_, decoded_ + key_length_, 0.0f);
        for (int first = 0; first < block_cells; first += lanes) {
            for (int i = 0; i < lanes; ++i) {
                if (first + i < count)
                    value_to(first + i, decoded_ + i * value_length_);
                else
                    std::fill(decoded_ + i * value_length_, decoded_ + (i + 1) * value_length_, 0.0f);
            }
            for (int64_t k = 0; k < value_length_; k += lanes) {
                Ints square[lanes];
                for (int i = 0; i < lanes; ++i)
                    square[i] = load_unaligned(reinterpret_cast<int32_t *>(decoded_ + i * value_length_ + k));
                transpose(square);
                for (int i = 0; i < lanes; ++i)
                    put(with_bits(square[i]), values_ + (k + i) * block_cells + first, block_cells * value_length_);
            }
        }
    }

    // Brings the groups of the block that a tile sees into what its rows have come to. `mask_of` gives a group's mask.
    template <int Vectors, typename MaskOf>
    void attend(Tile & tile, Sight sight, const MaskOf & mask_of) {
        const int64_t query_piece = key_length_ / 2 * tile_rows, key_piece = block_cells * key_length_;
        for (int cell = 0; cell < block_cells; cell += lanes) {
            if (sight.seen >> cell / group_cells & 3) {
                multiply<Vectors>({keys_ + cell * key_length_, key_length_, key_piece}, {tile.queries, query_piece},
                                  key_length_ / step, ~uint64_t(0), scores_ + cell * tile_rows, true);
            }
        }
        const uint64_t halves = (sight.seen & 0xf ? 1 : 0) | (sight.seen & 0xf0 ? 2 : 0);
        weigh<Vectors>(tile, sight, halves, mask_of);
        for (int64_t k = 0; k < value_length_; k += lanes) {
            multiply<Vectors>({values_ + k * block_cells, block_cells, block_cells * value_length_},
                              {weights_, block_cells / 2 * tile_rows}, block_cells / step, halves,
                              tile.values + k * tile_rows, tile.empty);
        }
        tile.empty = false;
    }

    void finish(const Tile & tile, float * const * outputs, int rows) const {
        for (int lane = 0; lane < rows; lane += lanes) {
            float factors[lanes];
            for (int i = 0; i < lanes; ++i)
                factors[i] = tile.empty ? 0 : tile.softmax.factor(lane + i);
            for (int64_t k = 0; k < value_length_; k += lanes) {
                Ints square[lanes];
                for (int i = 0; i < lanes; ++i)
                    square[i] = tile.empty ? zero_ints()
                                           : load_unaligned(reinterpret_cast<const int32_t *>(
                                                 tile.values + (k + i) * tile_rows + lane));
                transpose(square);
                const auto count = static_cast<size_t>(std::min<int64_t>(lanes, lengths_.value - k));
                for (int i = 0; i < lanes && lane + i < rows; ++i) {
                    float values[lanes];
                    store(values, times(with_bits(square[i]), broadcast(factors[i])));
                    std::memcpy(outputs[lane + i] + k, values, count * sizeof(float));
                }
            }
        }
    }

private:
    // How many numbers of a key, or cells, one instruction multiplies and adds.
    static constexpr int step = 32;

    // A float's pieces, each in the upper half of a lane: the nearest BF16 number, and that of what it leaves over.
    static Ints upper(Floats value) {
        const Ints bits = _mm512_add_epi32(_mm512_castps_si512(value), _mm512_set1_epi32(0x8000));
        return _mm512_and_si512(bits, _mm512_set1_epi32(static_cast<int32_t>(0xffff0000)));
    }
    static Ints lower(Floats value, Ints upper_piece) { return upper(minus(value, with_bits(upper_piece))); }

    static void put(Floats value, uint16_t * to, int64_t piece) {
        const Ints first = upper(value), second = lower(value, first);
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_cvtepi32_epi16(_mm512_srli_epi32(first, 16)));
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + piece),
                            _mm512_cvtepi32_epi16(_mm512_srli_epi32(second, 16)));
    }

    // Neighbours side by side in each lane.
    static void put_pair(Floats low, Floats high, uint32_t * to, int64_t piece) {
        const Ints first_low = upper(low), first_high = upper(high);
        const auto pair = [](Ints a, Ints b) { return _mm512_or_si512(_mm512_srli_epi32(a, 16), b); };
        _mm512_storeu_si512(to, pair(first_low, first_high));
        _mm512_storeu_si512(to + piece, pair(lower(low, first_low), lower(high, first_high)));
    }

    // Rows of 16-bit numbers, and pairs of them with the rows of a tile side by side: two pieces of each.
    struct Left {
        const uint16_t * at;
        int64_t stride, piece;
    };
    struct Right {
        const uint32_t * at;
        int64_t piece;
    };

    // Loads a piece of the right side into registers 3 to 5, and adds its products with the left side's first, in
    // register 6.
    template <int Vectors>
    INFORM_AMX_FUNCTION static void add_first(const uint32_t * right) {
        constexpr size_t stride = tile_rows * sizeof(uint32_t);
        _tile_loadd(3, right, stride);
        if (Vectors > 1)
            _tile_loadd(4, right + lanes, stride);
        if (Vectors > 2)
            _tile_loadd(5, right + 2 * lanes, stride);
        _tile_dpbf16ps(0, 6, 3);
        if (Vectors > 1)
            _tile_dpbf16ps(1, 6, 4);
        if (Vectors > 2)
            _tile_dpbf16ps(2, 6, 5);
    }

    // 16 rows of `to` [16][tile_rows]: the products of those steps whose bits are set, added to what is there or not.
    template <int Vectors>
    INFORM_AMX_FUNCTION static void multiply(Left left, Right right, int64_t steps, uint64_t which, float * to,
                                             bool first) {
        constexpr size_t stride = tile_rows * sizeof(float);
        const auto left_stride = static_cast<size_t>(left.stride) * sizeof(uint16_t);
        // Compilers do not know what the instructions below read.
        __asm__ volatile("" ::: "memory");
        if (first) {
            _tile_zero(0);
            if (Vectors > 1)
                _tile_zero(1);
            if (Vectors > 2)
                _tile_zero(2);
        } else {
            _tile_loadd(0, to, stride);
            if (Vectors > 1)
                _tile_loadd(1, to + lanes, stride);
            if (Vectors > 2)
                _tile_loadd(2, to + 2 * lanes, stride);
        }
        for (int64_t s = 0; s < steps; ++s) {
            if (!(which >> s & 1))
                continue;
            const uint16_t * a = left.at + s * step;
            const uint32_t * b = right.at + s * lanes * tile_rows;
            _tile_loadd(6, a, left_stride);
            _tile_loadd(7, a + left.piece, left_stride);
            add_first<Vectors>(b);
            _tile_dpbf16ps(0, 7, 3);
            if (Vectors > 1)
                _tile_dpbf16ps(1, 7, 4);
            if (Vectors > 2)
                _tile_dpbf16ps(2, 7, 5);
            add_first<Vectors>(b + right.piece);
        }
        _tile_stored(0, to, stride);
        if (Vectors > 1)
            _tile_stored(1, to + lanes, stride);
        if (Vectors > 2)
            _tile_stored(2, to + 2 * lanes, stride);
        __asm__ volatile("" ::: "memory");
    }

    // The weights of the cells in the halves of the block that are seen, and earlier values times their factors.
    template <int Vectors, typename MaskOf>
    void weigh(Tile & tile, Sight sight, uint64_t halves, const MaskOf & mask_of) {
        Floats largest[Vectors], sums[Vectors];
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v) {
            largest[v] = load(tile.softmax.largest + v * lanes);
            sums[v] = zero_floats();
        }
        for_each_group(sight.seen, [&](int group) {
            const float * mask = sight.masked >> group & 1 ? mask_of(group) : nullptr;
            float * scores = scores_ + group * group_cells * tile_rows;
            const bool changed = mask || how_.cap != 0;
#pragma GCC unroll 8
            for (int c = 0; c < group_cells; ++c) {
#pragma GCC unroll 3
                for (int v = 0; v < Vectors; ++v) {
                    const int at = c * tile_rows + v * lanes;
                    Floats score = load(scores + at);
                    if (changed) {
                        score = how_.seen(score, mask, at);
                        store(scores + at, score);
                    }
                    largest[v] = larger(score, largest[v]);
                }
            }
        });
        const int64_t piece = block_cells / 2 * tile_rows;
        for (int group = 0; group < block_groups; ++group) {
            if (!(halves >> group / 4 & 1))
                continue;
            const float * scores = scores_ + group * group_cells * tile_rows;
            uint32_t * to = weights_ + group * group_cells / 2 * tile_rows;
            const bool seen = sight.seen >> group & 1;
#pragma GCC unroll 4
            for (int c = 0; c < group_cells; c += 2, to += tile_rows) {
#pragma GCC unroll 3
                for (int v = 0; v < Vectors; ++v) {
                    Floats pair[2] = {zero_floats(), zero_floats()};
                    for (int i = 0; seen && i < 2; ++i) {
                        pair[i] = power_of_two(minus(load(scores + (c + i) * tile_rows + v * lanes), largest[v]));
                        sums[v] = plus(sums[v], pair[i]);
                    }
                    put_pair(pair[0], pair[1], to + v * lanes, piece);
                }
            }
        }
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v) {
            const Floats factor = tile.softmax.advance(v * lanes, largest[v], sums[v]);
            // 1 changes nothing, and is what it mostly is.
            const bool changes = _mm512_cmp_ps_mask(factor, broadcast(1.0f), _CMP_NEQ_UQ) != 0;
            for (int64_t k = 0; changes && !tile.empty && k < value_length_; ++k) {
                float * at = tile.values + k * tile_rows + v * lanes;
                store(at, times(load(at), factor));
            }
        }
    }

    Lengths lengths_;
    Scores how_;
    int64_t key_length_, value_length_;  // with what fills the last registers
    float * scores_;                     // [block_cells][tile_rows]
    uint32_t * weights_;                 // [pieces][pairs of cells][tile_rows]
    float * decoded_;                    // [lanes][length]
    uint16_t * keys_;                    // [pieces][block_cells][length]
    uint16_t * values_;                  // [pieces][length][block_cells]
};

}  // namespace inform::kernels

#endif
