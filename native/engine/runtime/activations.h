#pragma once

#include <string>

namespace inform {

// What the CPU rounds activations to before it multiplies weights with them.
enum class Activations {
    ggml,    // by llama.cpp's kernels: 8 bits for quantized weights, for others what these are, F16 or BF16
    int8,    // by ours (native/kernels): 8 bits for quantized weights, nothing for others
    int16,   // by ours: 16 bits for quantized weights, nothing for others
    bf16x2,  // by ours: two pieces of BF16, which are 16 bits, and quantized weights too; nothing for others
    f32,     // by ours: nothing
};

// Whether this CPU has the instructions that our kernels need: all but those for 8 bits and with AMX, the former, and
// the latter. The runtime must have been started.
bool has_kernels();
bool has_int8_kernels();
bool has_amx_kernels();

// For the graphs that the calling thread computes on a CPU from now on. int8 needs has_int8_kernels, bf16x2 needs
// has_amx_kernels; a CPU without any of our kernels has ggml's, whatever is asked for.
void use_activations(Activations activations);

// The name of one of them. Throws invalid_argument for anything else.
Activations to_activations(const std::string & name);

}  // namespace inform
