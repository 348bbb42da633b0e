#pragma once

// Our attention in ggml's CPU module (native/patches/0008), asked for as our matrix products are (inform_mul_mat.h).

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ggml_compute_params;
struct ggml_tensor;

// Whether the graphs that this thread computes from now on have our attention, where the CPU has the instructions
// (inform_has_kernels), or ggml's.
void inform_set_attention(bool ours);

// Marks a node of GGML_OP_FLASH_ATTN_EXT for our kernel or for ggml's, and returns how many bytes of working memory
// ours needs: 0 where it is ggml's.
size_t inform_plan_attention(struct ggml_tensor * node, int threads);

// Computes a marked node, on all threads. False for one that is ggml's.
bool inform_attention(const struct ggml_compute_params * params, struct ggml_tensor * node);

#ifdef __cplusplus
}
#endif
