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

// Rows of activations that a register has, and how deep it is.
constexpr int amx_rows = 16;
constexpr int amx_depth = 32;

// Weights: each lane has two neighbours of a column.
template <int Pieces>
struct PieceTile {
    alignas(64) int32_t packed[Pieces][depth / 2][columns];
};

// Activations of 16 rows, as the registers take them.
template <int Pieces>
struct PieceActivations {
    alignas(64) uint16_t values[Pieces][depth / amx_depth][amx_rows][amx_depth];
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

// Adds a tile's products with 16 rows of activations, or with 32, to those of the tiles before, or begins with them.
template <int Groups, int OfWeights, int OfActivations>
INFORM_AMX_FUNCTION void multiply(const PieceTile<OfWeights> & tile, int count,
                                  const PieceActivations<OfActivations> * rows, Sums to, bool first) {
    constexpr int most = std::max(OfWeights, OfActivations);
    constexpr size_t sums_stride = columns * sizeof(float), weights_stride = columns * sizeof(int32_t);
    constexpr size_t rows_stride = amx_depth * sizeof(uint16_t);
    // Compilers do not know what the instructions below read.
    __asm__ volatile("" ::: "memory");
    // Registers 0 to 3 have the sums: of the first 16 rows with the left and the right columns, then of the others.
    if (first) {
        _tile_zero(0);
        _tile_zero(1);
        if (Groups == 2) {
            _tile_zero(2);
            _tile_zero(3);
        }
    } else {
        _tile_loadd(0, to[0], sums_stride);
        _tile_loadd(1, to[0] + lanes, sums_stride);
        if (Groups == 2) {
            _tile_loadd(2, to[amx_rows], sums_stride);
            _tile_loadd(3, to[amx_rows] + lanes, sums_stride);
        }
    }
    for (int k = 0; k < count / amx_depth; ++k) {
        int loaded = -1;
#pragma GCC unroll 3
        for (int a = 0; a < OfActivations; ++a) {
            _tile_loadd(4, rows[0].values[a][k], rows_stride);
            if (Groups == 2)
                _tile_loadd(5, rows[1].values[a][k], rows_stride);
            // To and fro, so that the weights' piece that is there serves once more.
            const int pieces = std::min(OfWeights, most - a);
#pragma GCC unroll 3
            for (int i = 0; i < pieces; ++i) {
                const int w = a % 2 ? i : pieces - 1 - i;
                if (w != loaded) {
                    const int32_t * weights = tile.packed[w][k * amx_depth / 2];
                    _tile_loadd(6, weights, weights_stride);
                    _tile_loadd(7, weights + lanes, weights_stride);
                    loaded = w;
                }
                _tile_dpbf16ps(0, 4, 6);
                _tile_dpbf16ps(1, 4, 7);
                if (Groups == 2) {
                    _tile_dpbf16ps(2, 5, 6);
                    _tile_dpbf16ps(3, 5, 7);
                }
            }
        }
    }
    _tile_stored(0, to[0], sums_stride);
    _tile_stored(1, to[0] + lanes, sums_stride);
    if (Groups == 2) {
        _tile_stored(2, to[amx_rows], sums_stride);
        _tile_stored(3, to[amx_rows] + lanes, sums_stride);
    }
}

}  // namespace inform::kernels

#endif
