#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ggml.h"
#include "gguf.h"

namespace inform {

// The header of a model in one GGUF file, or in several that llama.cpp's names connect (NAME-00001-of-00003.gguf):
// metadata, which the first one holds, and tensor tables, no tensor data. Reading a tensor's bytes is on demand.
class GgufFile {
public:
    struct Tensor {
        std::string name;
        ggml_type type;
        int64_t rows;     // ne[1]
        int64_t columns;  // ne[0], the contiguous dimension
        int dimensions;   // how many of ne[] are above 1, at least 1
        size_t shard;     // the file's number, from 0
        uint64_t offset;  // bytes from the start of that file
        uint64_t size;    // bytes
    };

    // Throws model_not_found (for a missing shard, and one that is not the first, too), or invalid_model_file for what
    // is not a GGUF, is damaged, ends before its tensors do, or for shards that do not belong together.
    explicit GgufFile(const std::string & path);

    // The path of the file, or of the first shard.
    const std::string & path() const { return shards_.front().path; }

    // Nothing where the key is absent or of another type.
    std::optional<std::string> string(const char * key) const;
    std::optional<int64_t> integer(const char * key) const;
    std::optional<float> real(const char * key) const;
    std::optional<bool> boolean(const char * key) const;

    // Whether the key is there, of whatever type.
    bool has(const char * key) const;

    // Calls `use` with each string of an array, which lives as long as this object, and its index; never where the key
    // is absent or of another type.
    void for_each_string(const char * key, const std::function<void(int64_t, std::string_view)> & use) const;

    std::optional<Tensor> tensor(const char * name) const;

    void for_each_tensor(const std::function<void(const Tensor &)> & use) const;

    // The tensor's bytes as they lie in the file.
    std::vector<uint8_t> read(const Tensor & tensor) const;

private:
    struct Free {
        void operator()(gguf_context * gguf) const { gguf_free(gguf); }
    };

    struct Shard {
        std::string path;
        std::unique_ptr<gguf_context, Free> gguf;
    };

    void add_shard(const std::string & path);
    void add_following(int count);
    void check_tensors() const;
    Tensor tensor_at(size_t shard, int64_t index) const;

    const gguf_context * first() const { return shards_.front().gguf.get(); }

    std::vector<Shard> shards_;
};

}  // namespace inform
