#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ggml.h"
#include "gguf.h"

namespace inform {

// The header of a GGUF file: metadata and tensor table, no tensor data. Reading a tensor's bytes is on demand.
class GgufFile {
public:
    struct Tensor {
        std::string name;
        ggml_type type;
        int64_t rows;     // ne[1]
        int64_t columns;  // ne[0], the contiguous dimension
        int dimensions;   // how many of ne[] are above 1, at least 1
        uint64_t offset;  // in bytes from the start of the file
        uint64_t size;    // in bytes
    };

    // Throws model_not_found, or invalid_model_file for what is not a GGUF, is damaged, or ends before its tensors do.
    explicit GgufFile(const std::string & path);

    const std::string & path() const { return path_; }

    // Nothing where the key is absent or of another type.
    std::optional<std::string> string(const char * key) const;
    std::optional<int64_t> integer(const char * key) const;

    std::optional<Tensor> tensor(const char * name) const;

    // The tensor's bytes as they lie in the file.
    std::vector<uint8_t> read(const Tensor & tensor) const;

private:
    struct Free {
        void operator()(gguf_context * gguf) const { gguf_free(gguf); }
    };

    Tensor tensor_at(int64_t index) const;

    std::string path_;
    std::unique_ptr<gguf_context, Free> gguf_;
};

}  // namespace inform
