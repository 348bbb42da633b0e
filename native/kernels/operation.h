#pragma once

// What our products and our attention have in common as operations of ggml: the mark on a node, and working memory.

#include <cstdint>

#include "ggml.h"

namespace inform::kernels {

// Says which kernel computes a node. ggml's own parameters are the first ones, and never as many.
inline int32_t & mark_of(ggml_tensor * node) {
    return node->op_params[GGML_MAX_OP_PARAMS / sizeof(int32_t) - 1];
}

constexpr int64_t divide_up(int64_t value, int64_t by) {
    return (value + by - 1) / by;
}

constexpr int64_t whole(int64_t count, int64_t of) {
    return divide_up(count, of) * of;
}

// Of a cache line. A plan asks for this much more than it needs, since ggml's memory begins anywhere.
constexpr int64_t alignment = 64;

inline char * aligned(void * memory) {
    return reinterpret_cast<char *>(whole(static_cast<int64_t>(reinterpret_cast<uintptr_t>(memory)), alignment));
}

}  // namespace inform::kernels
