#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace inform {

// How much each column of a matrix matters: the values that ggml's quantizers weigh their rounding errors with.
struct ImportanceEntry {
    std::string tensor;
    std::vector<float> values;  // one per column
};

using MetadataValue = std::variant<std::string, uint32_t>;

struct QuantizeOptions {
    std::string input;      // a GGUF, or the first shard of one
    std::string output;     // created or overwritten; not touched when dry_run
    int32_t file_type = 0;  // enum llama_ftype
    int32_t threads = 1;
    bool dry_run = false;  // only log what would be done, with the sizes
    std::vector<ImportanceEntry> importance;
    std::vector<std::pair<std::string, MetadataValue>> metadata;  // set in the output
};

// Quantizes a model through llama_model_quantize; the score head keeps the types it has. Blocks for as long as it
// takes, cannot be cancelled, and llama.cpp aborts the process on some damaged input: call it in a process made for it.
// Throws what GgufFile throws, invalid_argument and quantize_failed.
void quantize_model(const QuantizeOptions & options);

}  // namespace inform
