#include "engine/gguf/model_header.h"

#include <cmath>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

#include "engine/error.h"

namespace inform {

namespace {

// As LLAMA_MAX_LAYERS in llama.cpp.
constexpr int64_t max_layers = 512;
// Far above every model, and products of two of them stay exact.
constexpr int64_t max_size = 1 << 24;

[[noreturn]] void invalid(const GgufFile & file, const std::string & what) {
    throw EngineError(ErrorCode::invalid_model_file, file.path() + " " + what + ". Download or convert it again.");
}

[[noreturn]] void unsupported(const GgufFile & file, const std::string & what) {
    throw EngineError(ErrorCode::unsupported_model, file.path() + " is not an INF-ORM model: it " + what +
                                                        ". Convert an INF-ORM checkpoint instead.");
}

int64_t size(const GgufFile & file, const char * key) {
    const auto value = file.integer(key);
    if (!value || *value < 1 || *value > max_size) {
        invalid(file, std::string("does not state a possible ") + key);
    }
    return *value;
}

// Where the key is absent, `otherwise`.
int64_t size_or(const GgufFile & file, const char * key, int64_t otherwise) {
    return file.has(key) ? size(file, key) : otherwise;
}

void check_architecture(const GgufFile & file) {
    const std::string architecture = file.string("general.architecture").value_or("");
    if (architecture != "llama") {
        throw EngineError(ErrorCode::unsupported_model,
                          file.path() + " holds a model of architecture \"" + architecture +
                              "\", but INF-ORM has the architecture \"llama\". Convert an INF-ORM checkpoint instead.");
    }
    for (const char * key : {"llama.expert_count", "llama.expert_used_count", "llama.expert_group_count",
                             "llama.expert_group_used_count", "llama.nextn_predict_layers"}) {
        if (file.has(key) && file.integer(key) != 0) {
            unsupported(file, std::string("states ") + key);
        }
    }
    if (file.has("llama.attention.causal") && file.boolean("llama.attention.causal") != true) {
        unsupported(file, "lets tokens attend to later ones (llama.attention.causal)");
    }
}

int64_t check_sizes(const GgufFile & file) {
    const int64_t n_embd = size(file, "llama.embedding_length");
    const int64_t n_head = size(file, "llama.attention.head_count");
    const int64_t n_head_kv = size_or(file, "llama.attention.head_count_kv", n_head);
    size(file, "llama.context_length");
    size(file, "llama.feed_forward_length");
    if (size(file, "llama.block_count") > max_layers) {
        invalid(file, "states more than " + std::to_string(max_layers) + " layers (llama.block_count)");
    }
    const int64_t head_size = size_or(file, "llama.attention.key_length", n_embd / n_head);
    if (head_size < 2 || head_size % 2 != 0 || n_head % n_head_kv != 0 ||
        size_or(file, "llama.attention.value_length", head_size) != head_size ||
        size_or(file, "llama.rope.dimension_count", head_size) != head_size) {
        invalid(file, "states attention heads that do not fit together (llama.attention, llama.rope)");
    }
    const auto eps = file.real("llama.attention.layer_norm_rms_epsilon");
    if (!eps || !std::isfinite(*eps) || *eps < 0) {
        invalid(file, "does not state a possible llama.attention.layer_norm_rms_epsilon");
    }
    return n_embd;
}

void check_rope(const GgufFile & file) {
    const std::string scaling = file.string("llama.rope.scaling.type").value_or("linear");
    if (scaling != "none" && scaling != "linear" && scaling != "yarn" && scaling != "longrope") {
        unsupported(file, "uses the unknown rope scaling \"" + scaling + "\"");
    }
}

void check_vocabulary(const GgufFile & file) {
    const std::string tokenizer = file.string("tokenizer.ggml.model").value_or("no_vocab");
    if (tokenizer == "no_vocab" || tokenizer == "none") {
        throw EngineError(ErrorCode::unsupported_model,
                          file.path() + " holds no tokenizer. Convert the checkpoint again.");
    }
    if (tokenizer != "gpt2" && tokenizer != "llama") {
        unsupported(file, "has a tokenizer of the type \"" + tokenizer + "\"");
    }
    std::unordered_set<std::string_view> seen;
    std::deque<std::string> names;
    file.for_each_string("tokenizer.ggml.tokens", [&](int64_t index, std::string_view text) {
        // llama.cpp's own name for a token without a text.
        if (text.empty()) {
            text = names.emplace_back("[EMPTY_" + std::to_string(index) + "]");
        }
        if (!seen.insert(text).second) {
            invalid(file, "has the token " + std::to_string(index) + " of its vocabulary twice");
        }
    });
    if (seen.empty()) {
        invalid(file, "has a tokenizer without tokens (tokenizer.ggml.tokens)");
    }
}

bool is_matrix_type(ggml_type type) {
    return type == GGML_TYPE_F32 || type == GGML_TYPE_F16 || type == GGML_TYPE_BF16 ||
           (ggml_is_quantized(type) && type != GGML_TYPE_Q8_1 && type != GGML_TYPE_Q8_K);
}

// Vectors are added and multiplied, which llama.cpp can do in F32 only; matrices have the types of weights.
void check_tensor_types(const GgufFile & file) {
    file.for_each_tensor([&](const GgufFile::Tensor & tensor) {
        const bool of_the_head = tensor.name.rfind("cls.", 0) == 0;  // score_head.cpp checks these
        if (!of_the_head && !(tensor.dimensions == 1 ? tensor.type == GGML_TYPE_F32 : is_matrix_type(tensor.type))) {
            invalid(file, "stores tensor " + tensor.name + " as " + ggml_type_name(tensor.type));
        }
    });
}

}  // namespace

int64_t check_model_header(const GgufFile & file) {
    check_architecture(file);
    const int64_t n_embd = check_sizes(file);
    check_rope(file);
    check_vocabulary(file);
    check_tensor_types(file);
    return n_embd;
}

}  // namespace inform
