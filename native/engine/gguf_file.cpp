#include "engine/gguf_file.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/error.h"
#include "engine/log.h"

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

}  // namespace

GgufFile::GgufFile(const std::string & path) : path_(path) {
    check_readable_gguf(path);

    ErrorCapture errors;
    gguf_.reset(gguf_init_from_file(path.c_str(), {/*no_alloc=*/true, /*ctx=*/nullptr}));
    if (!gguf_) {
        throw EngineError(ErrorCode::invalid_model_file,
                          path + " has a damaged or unfinished GGUF header" + errors.reason() +
                              ". Download or convert it again.");
    }

    const uint64_t file_size = fs::file_size(fs::u8path(path));
    for (int64_t i = 0; i < gguf_get_n_tensors(gguf_.get()); i++) {
        const Tensor tensor = tensor_at(i);
        if (tensor.offset > file_size || tensor.size > file_size - tensor.offset) {
            throw EngineError(ErrorCode::invalid_model_file,
                              path + " is truncated: it has " + std::to_string(file_size) + " bytes, but tensor " +
                                  tensor.name + " ends at byte " + std::to_string(tensor.offset + tensor.size) +
                                  ". Download or convert it again.");
        }
    }
}

std::optional<std::string> GgufFile::string(const char * key) const {
    const int64_t id = gguf_find_key(gguf_.get(), key);
    if (id < 0 || gguf_get_kv_type(gguf_.get(), id) != GGUF_TYPE_STRING) {
        return std::nullopt;
    }
    return gguf_get_val_str(gguf_.get(), id);
}

std::optional<int64_t> GgufFile::integer(const char * key) const {
    const int64_t id = gguf_find_key(gguf_.get(), key);
    if (id < 0) {
        return std::nullopt;
    }
    switch (gguf_get_kv_type(gguf_.get(), id)) {
        case GGUF_TYPE_UINT8: return gguf_get_val_u8(gguf_.get(), id);
        case GGUF_TYPE_INT8: return gguf_get_val_i8(gguf_.get(), id);
        case GGUF_TYPE_UINT16: return gguf_get_val_u16(gguf_.get(), id);
        case GGUF_TYPE_INT16: return gguf_get_val_i16(gguf_.get(), id);
        case GGUF_TYPE_UINT32: return gguf_get_val_u32(gguf_.get(), id);
        case GGUF_TYPE_INT32: return gguf_get_val_i32(gguf_.get(), id);
        case GGUF_TYPE_INT64: return gguf_get_val_i64(gguf_.get(), id);
        default: return std::nullopt;
    }
}

std::optional<GgufFile::Tensor> GgufFile::tensor(const char * name) const {
    const int64_t id = gguf_find_tensor(gguf_.get(), name);
    if (id < 0) {
        return std::nullopt;
    }
    return tensor_at(id);
}

GgufFile::Tensor GgufFile::tensor_at(int64_t index) const {
    const int64_t * ne = gguf_get_tensor_ne(gguf_.get(), index);
    int dimensions = 1;
    for (int d = 1; d < GGML_MAX_DIMS; d++) {
        if (ne[d] != 1) {
            dimensions = d + 1;
        }
    }
    return {gguf_get_tensor_name(gguf_.get(), index),
            gguf_get_tensor_type(gguf_.get(), index),
            ne[1],
            ne[0],
            dimensions,
            gguf_get_data_offset(gguf_.get()) + gguf_get_tensor_offset(gguf_.get(), index),
            gguf_get_tensor_size(gguf_.get(), index)};
}

std::vector<uint8_t> GgufFile::read(const Tensor & tensor) const {
    std::vector<uint8_t> bytes(tensor.size);
    std::ifstream file = open(path_);
    file.seekg(static_cast<std::streamoff>(tensor.offset));
    file.read(reinterpret_cast<char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file) {
        throw EngineError(ErrorCode::invalid_model_file, "tensor " + tensor.name + " of " + path_ + " cannot be read.");
    }
    return bytes;
}

}  // namespace inform
