#include "engine/gguf/model_header.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

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

// The backbones whose graphs give the state that a head takes as `result_norm`, and whose arithmetic is tested against
// transformers. src/gguf/backbones.ts has the same list; a test holds the two together.
constexpr std::array architectures = {"llama", "qwen2", "qwen3", "gemma2", "gemma3"};

[[noreturn]] void unsupported(const GgufFile & file, const std::string & what) {
    throw EngineError(ErrorCode::unsupported_model, file.path() + " is no reward model that can be scored: it " + what +
                                                        ". Convert the checkpoint with inform-score convert.");
}

int64_t size(const GgufFile & file, const std::string & key) {
    const auto value = file.integer(key.c_str());
    if (!value || *value < 1 || *value > max_size) {
        invalid(file, "does not state a possible " + key);
    }
    return *value;
}

// Where the key is absent, `otherwise`.
int64_t size_or(const GgufFile & file, const std::string & key, int64_t otherwise) {
    return file.has(key.c_str()) ? size(file, key) : otherwise;
}

// What its keys begin with.
std::string check_architecture(const GgufFile & file) {
    const std::string architecture = file.string("general.architecture").value_or("");
    if (std::find(architectures.begin(), architectures.end(), architecture) == architectures.end()) {
        std::string known;
        for (const char * name : architectures) {
            known += (known.empty() ? "" : ", ") + std::string(name);
        }
        throw EngineError(ErrorCode::unsupported_model, file.path() + " holds a model of architecture \"" +
                                                            architecture + "\"; these can be scored: " + known + ".");
    }
    const std::string prefix = architecture + ".";
    for (const char * name : {"expert_count", "expert_used_count", "expert_group_count", "expert_group_used_count",
                              "nextn_predict_layers"}) {
        const std::string key = prefix + name;
        if (file.has(key.c_str()) && file.integer(key.c_str()) != 0) {
            unsupported(file, "states " + key);
        }
    }
    const std::string causal = prefix + "attention.causal";
    if (file.has(causal.c_str()) && file.boolean(causal.c_str()) != true) {
        unsupported(file, "lets tokens attend to later ones (" + causal + ")");
    }
    return prefix;
}

int64_t check_sizes(const GgufFile & file, const std::string & prefix) {
    const int64_t n_embd = size(file, prefix + "embedding_length");
    const int64_t n_head = size(file, prefix + "attention.head_count");
    const int64_t n_head_kv = size_or(file, prefix + "attention.head_count_kv", n_head);
    size(file, prefix + "context_length");
    size(file, prefix + "feed_forward_length");
    if (size(file, prefix + "block_count") > max_layers) {
        invalid(file, "states more than " + std::to_string(max_layers) + " layers (" + prefix + "block_count)");
    }
    const int64_t head_size = size_or(file, prefix + "attention.key_length", n_embd / n_head);
    if (head_size < 2 || head_size % 2 != 0 || n_head % n_head_kv != 0 ||
        size_or(file, prefix + "attention.value_length", head_size) != head_size ||
        size_or(file, prefix + "rope.dimension_count", head_size) != head_size) {
        invalid(file, "states attention heads that do not fit together (" + prefix + "attention, " + prefix + "rope)");
    }
    const std::string eps_key = prefix + "attention.layer_norm_rms_epsilon";
    const auto eps = file.real(eps_key.c_str());
    if (!eps || !std::isfinite(*eps) || *eps < 0) {
        invalid(file, "does not state a possible " + eps_key);
    }
    return n_embd;
}

void check_rope(const GgufFile & file, const std::string & prefix) {
    const std::string key = prefix + "rope.scaling.type";
    const std::string scaling = file.string(key.c_str()).value_or("linear");
    if (scaling != "none" && scaling != "linear" && scaling != "yarn" && scaling != "longrope") {
        unsupported(file, "uses the unknown rope scaling \"" + scaling + "\"");
    }
}

// The index of the first text that stands before, too, or the number of texts where none does. An open table of places
// in the list: a vocabulary has hundreds of thousands of texts, too many for a node of memory each.
size_t first_repeated(const std::vector<std::string_view> & texts) {
    size_t size = 16;
    while (size < 2 * texts.size()) {
        size *= 2;
    }
    constexpr size_t none = std::numeric_limits<size_t>::max();
    std::vector<size_t> table(size, none);
    for (size_t i = 0; i < texts.size(); i++) {
        size_t slot = std::hash<std::string_view>{}(texts[i]) & (size - 1);
        for (; table[slot] != none; slot = (slot + 1) & (size - 1)) {
            if (texts[table[slot]] == texts[i]) {
                return i;
            }
        }
        table[slot] = i;
    }
    return texts.size();
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
    std::vector<std::string_view> texts;
    std::deque<std::string> names;
    file.for_each_string("tokenizer.ggml.tokens", [&](int64_t index, std::string_view text) {
        // llama.cpp's own name for a token without a text.
        if (text.empty()) {
            text = names.emplace_back("[EMPTY_" + std::to_string(index) + "]");
        }
        texts.push_back(text);
    });
    if (texts.empty()) {
        invalid(file, "has a tokenizer without tokens (tokenizer.ggml.tokens)");
    }
    if (const size_t index = first_repeated(texts); index < texts.size()) {
        invalid(file, "has the token " + std::to_string(index) + " of its vocabulary twice");
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
    const std::string prefix = check_architecture(file);
    const int64_t n_embd = check_sizes(file, prefix);
    check_rope(file, prefix);
    check_vocabulary(file);
    check_tensor_types(file);
    return n_embd;
}

}  // namespace inform
