#pragma once

// Our attention in ggml's CPU module (native/patches/0008), asked for as our matrix products are (inform_mul_mat.h).

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ggml_compute_params;
struct ggml_tensor;

enum inform_attention_kind {
    INFORM_ATTENTION_GGML = 0,
    INFORM_ATTENTION_F32 = 1,
    INFORM_ATTENTION_BF16X2 = 2,  // with AMX and no F32 cache: two pieces of BF16, softmax in F32; else it is F32
};

// For the graphs that this thread computes from now on. ggml's where the CPU has no instructions for ours
// (inform_has_kernels).
void inform_set_attention(enum inform_attention_kind kind);

// Marks a node of GGML_OP_FLASH_ATTN_EXT for our kernel or for ggml's, and returns how many bytes of working memory
// ours needs: 0 where it is ggml's.
size_t inform_plan_attention(struct ggml_tensor * node, int threads);

// Computes a marked node, on all threads. False for one that is ggml's.
bool inform_attention(const struct ggml_compute_params * params, struct ggml_tensor * node);

#ifdef __cplusplus
}
#endif
