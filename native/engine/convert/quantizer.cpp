#include "engine/convert/quantizer.h"

#include <cstring>
#include <iterator>

#include "engine/error.h"
#include "engine/gguf/gguf_file.h"
#include "engine/runtime/log.h"
#include "llama.h"

namespace inform {

namespace {

// Rows are quantized in slabs of at most this many bytes, much less than llama.cpp's 8 GiB: a slab is large enough to
// keep every core busy, and the file grows often enough to tell the progress by.
constexpr size_t max_buffer_bytes = size_t(256) << 20;

// The head's matrices. They are small beside the backbone, and an error in them is an error in every score.
const char * const head_matrices[] = {"cls.weight", "cls.output.weight"};

llama_model_kv_override to_override(const std::pair<std::string, MetadataValue> & entry) {
    llama_model_kv_override override = {};
    const auto * text = std::get_if<std::string>(&entry.second);
    if (entry.first.empty() || entry.first.size() >= sizeof override.key ||
        (text && text->size() >= sizeof override.val_str)) {
        throw EngineError(ErrorCode::invalid_argument, "The metadata " + entry.first + " is too long.");
    }
    std::memcpy(override.key, entry.first.data(), entry.first.size());
    if (text) {
        override.tag = LLAMA_KV_OVERRIDE_TYPE_STR;
        std::memcpy(override.val_str, text->data(), text->size());
    } else {
        override.tag = LLAMA_KV_OVERRIDE_TYPE_INT;
        override.val_i64 = std::get<uint32_t>(entry.second);
    }
    return override;
}

// "^cls\.weight$": the names are patterns to llama.cpp.
std::string exactly(const std::string & name) {
    std::string pattern = "^";
    for (char c : name) {
        pattern += c == '.' ? "\\." : std::string(1, c);
    }
    return pattern + "$";
}

}  // namespace

void quantize_model(const QuantizeOptions & options) {
    // The lists that llama.cpp takes end with an empty element; they point into strings that live here.
    std::vector<std::string> patterns;
    std::vector<llama_model_tensor_override> types;
    {
        const GgufFile file(options.input);
        patterns.reserve(std::size(head_matrices));
        for (const char * name : head_matrices) {
            if (const auto tensor = file.tensor(name)) {
                patterns.push_back(exactly(name));
                types.push_back({patterns.back().c_str(), tensor->type});
            }
        }
        types.push_back({nullptr, GGML_TYPE_COUNT});
    }
    std::vector<llama_model_imatrix_data> importance;
    for (const ImportanceEntry & entry : options.importance) {
        importance.push_back({entry.tensor.c_str(), entry.values.data(), entry.values.size()});
    }
    importance.push_back({nullptr, nullptr, 0});
    std::vector<llama_model_kv_override> metadata;
    for (const auto & entry : options.metadata) {
        metadata.push_back(to_override(entry));
    }
    metadata.push_back({});

    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = static_cast<llama_ftype>(options.file_type);
    params.nthread = options.threads;
    params.dry_run = options.dry_run;
    params.max_buf_size = max_buffer_bytes;
    params.tt_overrides = types.data();
    if (!options.importance.empty()) {
        params.imatrix = importance.data();
    }
    if (!options.metadata.empty()) {
        params.kv_overrides = metadata.data();
    }

    ErrorCapture errors;
    if (llama_model_quantize(options.input.c_str(), options.output.c_str(), &params) != 0) {
        throw EngineError(ErrorCode::quantize_failed,
                          "llama.cpp could not quantize " + options.input + errors.reason() + ".");
    }
}

}  // namespace inform
