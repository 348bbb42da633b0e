#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/scoring/placement.h"
#include "engine/scoring/scorer.h"

namespace inform {

// Bytes of llama.cpp's compute buffers: what a graph's intermediate results take.
struct ComputeBuffers {
    std::vector<uint64_t> devices;  // in the placement's order
    uint64_t host = 0;
};

// The compute buffers that a model would get with this placement and each of these scorers, without allocating them or
// reading a weight. Takes as long as reading the file's header, a second for Llama 3's vocabulary.
// Throws model_load_failed and out_of_memory.
std::vector<ComputeBuffers> measure_compute(const std::string & path, const Placement & placement,
                                            const std::vector<ScorerOptions> & scorers);

}  // namespace inform
