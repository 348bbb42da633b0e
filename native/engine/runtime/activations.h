#pragma once

#include <string>

namespace inform {

// What the CPU rounds activations to before it multiplies weights with them.
enum class Activations {
    int8,   // by llama.cpp's kernels: 8 bits for quantized weights, for others what these are, F16 or BF16
    int16,  // by ours (native/kernels): 16 bits for quantized weights, nothing for others
    f32,    // by ours: nothing
};

// Whether this CPU has the instructions that our kernels need. The runtime must have been started.
bool has_kernels();

// For the graphs that the calling thread computes on a CPU from now on. Only int8 is possible without our kernels;
// others are taken as it.
void use_activations(Activations activations);

// "int8", "int16" or "f32". Throws invalid_argument for anything else.
Activations to_activations(const std::string & name);

}  // namespace inform
