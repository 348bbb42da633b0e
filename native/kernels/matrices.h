#pragma once

// A product of a matrix of weights and rows of activations, as ggml's node has it, in blocks of `depth` along a row.

#include <algorithm>
#include <cstdint>

#include "decode.h"
#include "operation.h"

namespace inform::kernels {

// Where a tile's weights are: the first of its columns, and the block.
struct Place {
    int64_t output, block;
};

struct Product {
    const ggml_tensor * weights;
    const ggml_tensor * input;
    int64_t length;     // of a row of either
    int64_t outputs;    // rows of weights
    int64_t rows;       // rows of activations
    int64_t blocks;     // of `depth` along a row
    size_t block_size;  // in bytes of weights

    explicit Product(const ggml_tensor * product)
        : weights(product->src[0]),
          input(product->src[1]),
          length(weights->ne[0]),
          outputs(weights->ne[1]),
          rows(input->ne[1]),
          blocks(divide_up(length, depth)),
          block_size(ggml_row_size(weights->type, depth)) {}

    int count(int64_t block) const { return static_cast<int>(std::min<int64_t>(depth, length - block * depth)); }

    const float * values(int64_t block, int64_t row) const {
        const char * data = static_cast<const char *>(input->data) + static_cast<size_t>(row) * input->nb[1];
        return reinterpret_cast<const float *>(data) + block * depth;
    }

    // A column of a panel. Beyond the last there is that again, which is not written.
    int64_t column(int64_t panel_begin, int c) const { return std::min(panel_begin + c, outputs - 1); }

    const void * weights_at(int64_t output, int64_t block) const {
        const size_t at = static_cast<size_t>(output) * weights->nb[1] + static_cast<size_t>(block) * block_size;
        return static_cast<const char *>(weights->data) + at;
    }
};

inline bool is_matrix(const ggml_tensor * tensor) {
    return tensor->ne[2] == 1 && tensor->ne[3] == 1;
}

// Whether the products below can compute it.
inline bool takes(const ggml_tensor * product) {
    const ggml_tensor * weights = product->src[0];
    const ggml_tensor * input = product->src[1];
    return (format_of(weights->type) || has_floats(weights->type)) && input->type == GGML_TYPE_F32 &&
           is_matrix(weights) && is_matrix(input) && weights->ne[0] % 32 == 0 &&
           weights->nb[0] == ggml_type_size(weights->type) && input->nb[0] == sizeof(float) &&
           product->nb[0] == sizeof(float);
}

}  // namespace inform::kernels
