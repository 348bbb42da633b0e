#pragma once

// Weights out of a GGUF file's blocks, as integers: a weight is block scale * scale * quant + offset, with one scale
// and one offset for each group of 16 or 32. The formats are those of ggml-common.h; nothing is rounded here.

#include <cstdint>

#include "ggml.h"

namespace inform::kernels {

// How many weights of a row are decoded at once: the longest block of any format.
constexpr int depth = 256;
constexpr int smallest_group = 16;
constexpr int most_groups = depth / smallest_group;

struct Format {
    ggml_type type;
    int group;         // weights that share a scale
    bool has_offsets;  // whether there are offsets at all
    int lowest;        // no quant is below, and none above `lowest` + 255
    // Where groups' scales are whole numbers: the most products of a quant, its scale and a number of 16 bits whose sum
    // surely fits 32 bits, of the lengths that the kernels know. Zero elsewhere.
    int summed;
    // Decodes `count` weights, a multiple of 32 up to `depth`, whose first block is at `blocks`. Returns the block's
    // scale, of all of them; it is 1 where scales are not whole numbers.
    float (*decode)(const void * blocks, int count, int16_t * quants, float * scales, float * offsets);
};

// Null for a type that has no integers, or that we do not know.
const Format * format_of(ggml_type type);

// Types whose weights are floats in the file: F32, F16, BF16.
bool has_floats(ggml_type type);

// Decodes floats, as `Format::decode` does.
void decode_floats(ggml_type type, const void * values, int count, float * weights);

}  // namespace inform::kernels
