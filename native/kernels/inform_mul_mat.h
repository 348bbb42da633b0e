#pragma once

// Our matrix products in ggml's CPU module (native/patches/0007). A node asks for them in its last op parameter, which
// the plan of a graph sets as the thread that computes the graph has chosen: so two models in one process do not
// disturb each other.

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ggml_compute_params;
struct ggml_tensor;

enum inform_activations {
    INFORM_ACTIVATIONS_GGML = 0,   // ggml's kernels: for quantized weights activations of 8 bits
    INFORM_ACTIVATIONS_INT16 = 1,  // of 16 bits for quantized weights, F32 for others
    INFORM_ACTIVATIONS_F32 = 2,    // F32
    INFORM_ACTIVATIONS_INT8 = 3,   // of 8 bits for quantized weights, F32 for others; only with inform_has_int8_kernels
    // Only with inform_has_amx_kernels: for quantized weights both sides as two pieces of BF16; F32 for others.
    INFORM_ACTIVATIONS_BF16X2 = 4,
};

// Whether this CPU has the instructions, and for AMX whether the system lets this process use it.
bool inform_has_kernels(void);
bool inform_has_int8_kernels(void);
bool inform_has_amx_kernels(void);

// For the graphs that this thread computes from now on.
void inform_set_activations(enum inform_activations activations);

// Marks a product for our kernels or for ggml's, and returns how many bytes of working memory ours need: 0 where it is
// ggml's.
size_t inform_plan_mul_mat(struct ggml_tensor * product, int threads);

// Computes a marked product, on all threads. False for one that is ggml's.
bool inform_mul_mat(const struct ggml_compute_params * params, struct ggml_tensor * product);

// The functions above that the engine calls, which finds ggml's CPU module at run time. Null for other names.
void * inform_proc_address(const char * name);

#ifdef __cplusplus
}
#endif
