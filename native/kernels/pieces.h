#pragma once

// Products of floats that are sums of BF16 numbers, in AMX's registers. BF16 has 8 bits of a float's 24: a float is
// the sum of three such pieces, each what the ones before leave over, and products of BF16 numbers are exact in F32.
// Of the products of pieces those count that are not below the last bit: with two pieces of either a*b = a1*b1 + a1*b2
// + a2*b1, to some 2^-17 of it; with three six products, which lose no more than F32 arithmetic does. (oneMKL and
// cuBLAS have the same under the names BF16x2 and BF16x3.)

#include <algorithm>

#include "amx.h"
#include "products.h"

#ifdef INFORM_KERNELS_AMX

namespace inform::kernels {

// Columns of weights or rows of activations that a register has, and how deep it is.
constexpr int amx_rows = 16;
constexpr int amx_depth = 32;

// Weights are the left side of a product: their registers have columns as they are decoded.
template <int Pieces>
struct PieceTile {
    alignas(64) uint16_t values[Pieces][depth / amx_depth][columns][amx_depth];
};

// Activations of 16 rows are the right side, whose registers have two neighbours of each row in a lane. They are packed
// so once for all weights.
template <int Pieces>
struct PieceActivations {
    alignas(64) int32_t packed[Pieces][depth / amx_depth][amx_depth / 2][amx_rows];
};

// The pieces of 32 floats, in order, `stride` apart. What is too small for BF16's exponents becomes zero.
template <int Pieces>
__attribute__((target("avx512bf16"))) inline void split(const float * values, uint16_t * to, size_t stride) {
    Floats low = load(values), high = load(values + lanes);
#pragma GCC unroll 3
    for (int piece = 0; piece < Pieces; ++piece) {
        const auto rounded = reinterpret_cast<Ints>(_mm512_cvtne2ps_pbh(high, low));
        _mm512_storeu_si512(to + static_cast<size_t>(piece) * stride, rounded);
        const auto as_floats = [](__m256i half) {
            return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
        };
        low = _mm512_sub_ps(low, as_floats(_mm512_castsi512_si256(rounded)));
        high = _mm512_sub_ps(high, as_floats(_mm512_extracti64x4_epi64(rounded, 1)));
    }
}

// Packs 32 numbers of each of 16 rows.
template <int Pieces>
void pack(const float * const (&rows)[amx_rows], int k, PieceActivations<Pieces> & to) {
    alignas(64) uint16_t pieces[Pieces][amx_rows][amx_depth];
    for (int r = 0; r < amx_rows; ++r)
        split<Pieces>(rows[r] + k * amx_depth, pieces[0][r], amx_rows * amx_depth);
    for (int piece = 0; piece < Pieces; ++piece) {
        Ints square[lanes];
#pragma GCC unroll 16
        for (int r = 0; r < lanes; ++r)
            square[r] = load(reinterpret_cast<const int32_t *>(pieces[piece][r]));
        transpose(square);
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i)
            store(to.packed[piece][k][i], square[i]);
    }
}

// Where the sums of 16 rows of a group with a half of a tile's columns are: they lie column by column, 16 rows at a
// time.
inline float * sums_of(Sums to, int group, int half) {
    return to[group * amx_rows] + half * amx_rows * amx_rows;
}

// Adds a tile's products with 16 rows of activations, or with 32, to those of the tiles before, or begins with them.
template <int Groups, int OfWeights, int OfActivations>
INFORM_AMX_FUNCTION void multiply(const PieceTile<OfWeights> & tile, int count,
                                  const PieceActivations<OfActivations> * rows, Sums to, bool first) {
    constexpr int most = std::max(OfWeights, OfActivations);
    constexpr size_t stride = 64;  // of a register's rows, which lie one behind the other on all sides
    // Compilers do not know what the instructions below read.
    __asm__ volatile("" ::: "memory");
    // Registers 0 to 3 have the sums: of the left and the right columns with the first 16 rows, then with the others.
    if (first) {
        _tile_zero(0);
        _tile_zero(1);
        if (Groups == 2) {
            _tile_zero(2);
            _tile_zero(3);
        }
    } else {
        _tile_loadd(0, sums_of(to, 0, 0), stride);
        _tile_loadd(1, sums_of(to, 0, 1), stride);
        if (Groups == 2) {
            _tile_loadd(2, sums_of(to, 1, 0), stride);
            _tile_loadd(3, sums_of(to, 1, 1), stride);
        }
    }
    for (int k = 0; k < count / amx_depth; ++k) {
        int loaded = -1;
#pragma GCC unroll 3
        for (int a = 0; a < OfActivations; ++a) {
            _tile_loadd(4, rows[0].packed[a][k], stride);
            if (Groups == 2)
                _tile_loadd(5, rows[1].packed[a][k], stride);
            // To and fro, so that the weights' piece that is there serves once more.
            const int pieces = std::min(OfWeights, most - a);
#pragma GCC unroll 3
            for (int i = 0; i < pieces; ++i) {
                const int w = a % 2 ? i : pieces - 1 - i;
                if (w != loaded) {
                    _tile_loadd(6, tile.values[w][k], stride);
                    _tile_loadd(7, tile.values[w][k][amx_rows], stride);
                    loaded = w;
                }
                _tile_dpbf16ps(0, 6, 4);
                _tile_dpbf16ps(1, 7, 4);
                if (Groups == 2) {
                    _tile_dpbf16ps(2, 6, 5);
                    _tile_dpbf16ps(3, 7, 5);
                }
            }
        }
    }
    _tile_stored(0, sums_of(to, 0, 0), stride);
    _tile_stored(1, sums_of(to, 0, 1), stride);
    if (Groups == 2) {
        _tile_stored(2, sums_of(to, 1, 0), stride);
        _tile_stored(3, sums_of(to, 1, 1), stride);
    }
}

// The sums of 16 columns by 16 rows as `count` rows of `width` columns, `stride` bytes apart.
inline void write_square(const float * sums, int64_t count, int64_t width, char * to, size_t stride) {
    const auto mask = static_cast<__mmask16>(width < lanes ? (1u << width) - 1 : 0xffff);
    Ints square[lanes];
#pragma GCC unroll 16
    for (int c = 0; c < lanes; ++c)
        square[c] = load(reinterpret_cast<const int32_t *>(sums) + c * amx_rows);
    transpose(square);
#pragma GCC unroll 16
    for (int r = 0; r < lanes; ++r) {
        if (r < count)
            _mm512_mask_storeu_epi32(to + static_cast<size_t>(r) * stride, mask, square[r]);
    }
}

}  // namespace inform::kernels

#endif
