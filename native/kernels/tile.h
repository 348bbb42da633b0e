#pragma once

// A tile of weights is as deep as the longest block of any format and two vectors wide, so that it lies in the first
// cache while all rows of a micro-batch pass, and what it took to decode it is shared by them.

#include "decode.h"
#include "vectors.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

constexpr int columns = 2 * lanes;

// Rows of `lanes` columns each into a tile's, a square at a time.
inline void place(const int32_t * decoded, size_t stride, int count, int32_t (*tile)[columns]) {
    for (int half = 0; half < 2; ++half) {
        for (int k = 0; k < count; k += lanes) {
            Ints square[lanes];
#pragma GCC unroll 16
            for (int i = 0; i < lanes; ++i) {
                square[i] = load_unaligned(decoded + static_cast<size_t>(half * lanes + i) * stride + k);
            }
            transpose(square);
#pragma GCC unroll 16
            for (int i = 0; i < lanes; ++i)
                store(tile[k + i] + half * lanes, square[i]);
        }
    }
}

template <int Rows, typename Vector>
inline void set_all(Vector (&to)[Rows][2], Vector value) {
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r)
        to[r][0] = to[r][1] = value;
}

}  // namespace inform::kernels

#endif
