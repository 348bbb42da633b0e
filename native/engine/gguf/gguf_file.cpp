#include "engine/gguf/gguf_file.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/gguf/gguf_header.h"
#include "engine/runtime/log.h"
#include "llama.h"

namespace inform {

namespace {

namespace fs = std::filesystem;

std::ifstream open(const std::string & path) {
    return std::ifstream(fs::u8path(path), std::ios::binary);
}

void check_readable_gguf(const std::string & path) {
    std::error_code ec;
    const fs::file_status status = fs::status(fs::u8path(path), ec);
    if (!fs::exists(status)) {
        throw EngineError(ErrorCode::model_not_found, path + " does not exist. Check the path of the model.");
    }
    if (fs::is_directory(status)) {
        throw EngineError(ErrorCode::model_not_found, path + " is a folder, not a GGUF file.");
    }
    if (!fs::is_regular_file(status)) {
        throw EngineError(ErrorCode::invalid_model_file,
                          path + " is not a regular file.");  // a pipe would be waited for
    }
    std::ifstream file = open(path);
    if (!file) {
        throw EngineError(ErrorCode::model_not_found, path + " cannot be read. Check its permissions.");
    }
    char magic[4] = {};
    file.read(magic, sizeof magic);
    if (file.gcount() != sizeof magic || std::memcmp(magic, "GGUF", sizeof magic) != 0) {
        throw EngineError(ErrorCode::invalid_model_file, path + " is not a GGUF file.");
    }
}

// A key of llama.cpp's split format, or nothing. llama.cpp aborts where it has another type.
std::optional<int> split_number(const std::string & path, const gguf_context * gguf, const char * key) {
    const int64_t id = gguf_find_key(gguf, key);
    if (id < 0) {
        return std::nullopt;
    }
    if (gguf_get_kv_type(gguf, id) != GGUF_TYPE_UINT16) {
        throw EngineError(ErrorCode::invalid_model_file,
                          path + " stores " + key + " in another type than uint16. Split the model again.");
    }
    return gguf_get_val_u16(gguf, id);
}

std::string shard_path(const std::string & prefix, int no, int count) {
    std::vector<char> path(prefix.size() + 32);
    const int32_t length = llama_split_path(path.data(), path.size(), prefix.c_str(), no, count);
    return std::string(path.data(), length);
}

}  // namespace

GgufFile::GgufFile(const std::string & path) {
    add_shard(path);
    const int count = split_number(path, first(), "split.count").value_or(1);
    if (count > 1) {
        add_following(count);
        check_tensors();
    }
}

void GgufFile::add_shard(const std::string & path) {
    check_readable_gguf(path);

    const uint64_t file_size = fs::file_size(fs::u8path(path));
    std::ifstream header = open(path);
    const std::string problem = gguf_header_problem(header, file_size);
    if (!problem.empty()) {
        throw EngineError(ErrorCode::invalid_model_file, path + " " + problem + ". Download or convert it again.");
    }

    ErrorCapture errors;
    Shard shard = {path, std::unique_ptr<gguf_context, Free>(
                             gguf_init_from_file(path.c_str(), {/*no_alloc=*/true, /*ctx=*/nullptr}))};
    if (!shard.gguf) {
        throw EngineError(ErrorCode::invalid_model_file, path + " has a damaged or unfinished GGUF header" +
                                                             errors.reason() + ". Download or convert it again.");
    }

    const int64_t n_tensors = gguf_get_n_tensors(shard.gguf.get());
    shards_.push_back(std::move(shard));
    for (int64_t i = 0; i < n_tensors; i++) {
        const Tensor tensor = tensor_at(shards_.size() - 1, i);
        if (tensor.offset > file_size || tensor.size > file_size - tensor.offset) {
            throw EngineError(ErrorCode::invalid_model_file,
                              path + " is truncated: it has " + std::to_string(file_size) + " bytes, but tensor " +
                                  tensor.name + " ends at byte " + std::to_string(tensor.offset + tensor.size) +
                                  ". Download or convert it again.");
        }
    }
}

// The rules of src/gguf/split-model.ts, which reads the same files for everything that does not score; a test
// (test/engine/both-readers.test.ts) holds the two together.
void GgufFile::add_following(int count) {
    const std::string path = this->path();
    const int no = split_number(path, first(), "split.no").value_or(0);
    const std::string which = path + " is shard " + std::to_string(no + 1) + " of " + std::to_string(count);
    const std::string suffix = shard_path("", no, count);
    if (path.size() <= suffix.size() || path.compare(path.size() - suffix.size(), suffix.size(), suffix) != 0) {
        throw EngineError(ErrorCode::model_not_found, which +
                                                          ", and the others are found by their names. Name it NAME" +
                                                          suffix + ", and the others alike.");
    }
    const std::string prefix = path.substr(0, path.size() - suffix.size());
    if (no != 0) {
        throw EngineError(ErrorCode::model_not_found, which + ". Name the first one: " + shard_path(prefix, 0, count));
    }
    for (int next = 1; next < count; next++) {
        const std::string next_path = shard_path(prefix, next, count);
        if (!fs::exists(fs::u8path(next_path))) {
            throw EngineError(ErrorCode::model_not_found, next_path + " is missing: " + path + " is the first of " +
                                                              std::to_string(count) +
                                                              " shards. Put all of them into one folder.");
        }
        add_shard(next_path);
        const gguf_context * gguf = shards_.back().gguf.get();
        if (split_number(next_path, gguf, "split.no") != next ||
            split_number(next_path, gguf, "split.count") != count) {
            throw EngineError(ErrorCode::invalid_model_file,
                              next_path + " does not say that it is shard " + std::to_string(next + 1) + " of " +
                                  std::to_string(count) + ": it belongs to another model.");
        }
    }
}

void GgufFile::check_tensors() const {
    std::set<std::string> names;
    int64_t n_tensors = 0;
    for (const Shard & shard : shards_) {
        n_tensors += gguf_get_n_tensors(shard.gguf.get());
        for (int64_t i = 0; i < gguf_get_n_tensors(shard.gguf.get()); i++) {
            names.insert(gguf_get_tensor_name(shard.gguf.get(), i));
        }
    }
    const auto expected = integer("split.tensors.count");
    if (!expected || *expected != n_tensors || static_cast<int64_t>(names.size()) != n_tensors) {
        throw EngineError(ErrorCode::invalid_model_file,
                          path() + " and its other shards hold " + std::to_string(names.size()) + " tensors where " +
                              (expected ? std::to_string(*expected) : "an unknown number") +
                              " should be: they are of different models. Download all of them again.");
    }
}

std::optional<std::string> GgufFile::string(const char * key) const {
    const int64_t id = gguf_find_key(first(), key);
    if (id < 0 || gguf_get_kv_type(first(), id) != GGUF_TYPE_STRING) {
        return std::nullopt;
    }
    return gguf_get_val_str(first(), id);
}

std::optional<int64_t> GgufFile::integer(const char * key) const {
    const int64_t id = gguf_find_key(first(), key);
    if (id < 0) {
        return std::nullopt;
    }
    switch (gguf_get_kv_type(first(), id)) {
        case GGUF_TYPE_UINT8: return gguf_get_val_u8(first(), id);
        case GGUF_TYPE_INT8: return gguf_get_val_i8(first(), id);
        case GGUF_TYPE_UINT16: return gguf_get_val_u16(first(), id);
        case GGUF_TYPE_INT16: return gguf_get_val_i16(first(), id);
        case GGUF_TYPE_UINT32: return gguf_get_val_u32(first(), id);
        case GGUF_TYPE_INT32: return gguf_get_val_i32(first(), id);
        case GGUF_TYPE_INT64: return gguf_get_val_i64(first(), id);
        default: return std::nullopt;
    }
}

std::optional<float> GgufFile::real(const char * key) const {
    const int64_t id = gguf_find_key(first(), key);
    if (id < 0 || gguf_get_kv_type(first(), id) != GGUF_TYPE_FLOAT32) {
        return std::nullopt;
    }
    return gguf_get_val_f32(first(), id);
}

std::optional<bool> GgufFile::boolean(const char * key) const {
    const int64_t id = gguf_find_key(first(), key);
    if (id < 0 || gguf_get_kv_type(first(), id) != GGUF_TYPE_BOOL) {
        return std::nullopt;
    }
    return gguf_get_val_bool(first(), id);
}

bool GgufFile::has(const char * key) const {
    return gguf_find_key(first(), key) >= 0;
}

void GgufFile::for_each_string(const char * key, const std::function<void(int64_t, std::string_view)> & use) const {
    const int64_t id = gguf_find_key(first(), key);
    if (id < 0 || gguf_get_kv_type(first(), id) != GGUF_TYPE_ARRAY ||
        gguf_get_arr_type(first(), id) != GGUF_TYPE_STRING) {
        return;
    }
    const int64_t n = static_cast<int64_t>(gguf_get_arr_n(first(), id));
    for (int64_t i = 0; i < n; i++) {
        use(i, gguf_get_arr_str(first(), id, i));
    }
}

void GgufFile::for_each_tensor(const std::function<void(const Tensor &)> & use) const {
    for (size_t shard = 0; shard < shards_.size(); shard++) {
        const int64_t n = gguf_get_n_tensors(shards_[shard].gguf.get());
        for (int64_t i = 0; i < n; i++) {
            use(tensor_at(shard, i));
        }
    }
}

std::optional<GgufFile::Tensor> GgufFile::tensor(const char * name) const {
    for (size_t i = 0; i < shards_.size(); i++) {
        const int64_t id = gguf_find_tensor(shards_[i].gguf.get(), name);
        if (id >= 0) {
            return tensor_at(i, id);
        }
    }
    return std::nullopt;
}

GgufFile::Tensor GgufFile::tensor_at(size_t shard, int64_t index) const {
    const gguf_context * gguf = shards_[shard].gguf.get();
    const int64_t * ne = gguf_get_tensor_ne(gguf, index);
    int dimensions = 1;
    for (int d = 1; d < GGML_MAX_DIMS; d++) {
        if (ne[d] != 1) {
            dimensions = d + 1;
        }
    }
    return {gguf_get_tensor_name(gguf, index),
            gguf_get_tensor_type(gguf, index),
            ne[1],
            ne[0],
            dimensions,
            shard,
            gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, index),
            gguf_get_tensor_size(gguf, index)};
}

std::vector<uint8_t> GgufFile::read(const Tensor & tensor) const {
    std::vector<uint8_t> bytes(tensor.size);
    const std::string & path = shards_[tensor.shard].path;
    std::ifstream file = open(path);
    file.seekg(static_cast<std::streamoff>(tensor.offset));
    file.read(reinterpret_cast<char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file) {
        throw EngineError(ErrorCode::invalid_model_file, "tensor " + tensor.name + " of " + path + " cannot be read.");
    }
    return bytes;
}

}  // namespace inform
