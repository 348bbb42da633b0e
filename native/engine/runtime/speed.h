#pragma once

#include <string>

#include "engine/runtime/activations.h"
#include "ggml.h"

namespace inform {

// How fast this machine is at what scoring spends its time on, each measured in about a quarter of a second.
// The runtime must have been started.

// Floating-point operations a second (two for a weight and a token) that a device reaches in the product of a matrix of
// weights of this type, as a model's layers hold it, with the activations of a micro-batch. `threads` counts for a CPU;
// its weights are `repacked`, or as they lie in the file, and it rounds activations as is said. Throws invalid_argument
// for a device that is not there, out_of_memory, and decode_failed for a type that it cannot multiply.
double measure_product(const std::string & device, ggml_type type, int threads, bool repacked, Activations activations);

// A micro-batch of attention: `unseen` cells of other samples, then a prompt's that all tokens see, then the tokens'
// own. Sequences share the tokens evenly, and a token sees those before it in its sequence.
struct AttentionShape {
    int64_t length, heads, kv_heads;
    int64_t unseen, prompt, tokens, sequences;
};

// Floating-point operations a second of attention on the CPU with an F16 cache, four for a number of a visible cell's
// key and a head. Throws as measure_product.
double measure_attention(const AttentionShape & shape, int threads, Activations activations);

// Bytes a second from host memory that the device's driver allocated to the device. 0 where it has no such memory, as a
// CPU. Throws as measure_product.
double measure_upload(const std::string & device);

// Bytes a second from the disk of a file of several megabytes, past the system's page cache; 0 where the system or the
// file system offers no way past it.
double measure_disk(const std::string & path);

}  // namespace inform
