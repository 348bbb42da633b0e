#include "engine/scoring/model.h"

#include <array>
#include <cstring>
#include <limits>

#include "engine/error.h"
#include "engine/gguf/model_header.h"
#include "engine/runtime/log.h"

namespace inform {

namespace {

std::shared_ptr<const ScoreHead> load_head(const GgufFile & file, const std::string & head_path, int64_t n_embd) {
    if (head_path.empty()) {
        return std::make_shared<const ScoreHead>(file, n_embd);
    }
    return std::make_shared<const ScoreHead>(GgufFile(head_path), n_embd);
}

bool on_progress(float progress, void * user_data) {
    auto * state = static_cast<TaskState *>(user_data);
    state->progress = progress;
    return !state->cancelled;
}

constexpr const char * pre_key = "tokenizer.ggml.pre";

// Without the key llama.cpp splits words in a way that no model was trained with, and says so in its log alone.
void check_pre(const GgufFile & file, const std::string & pre) {
    const bool needed = file.string("tokenizer.ggml.model") == "gpt2";
    if (needed && pre.empty() && file.string(pre_key).value_or("").empty()) {
        throw EngineError(ErrorCode::unsupported_model,
                          file.path() + " does not say how its tokenizer splits words (" + pre_key +
                              "), as files made before May 2024 do not; other tokens would give other scores. Name it "
                              "with pre (\"llama-bpe\" for Llama 3), or convert the checkpoint again.");
    }
}

// What llama.cpp takes in place of the file's own key; an empty key ends the list.
std::array<llama_model_kv_override, 2> overrides_of(const std::string & pre) {
    std::array<llama_model_kv_override, 2> overrides{};
    auto & [override, end] = overrides;
    if (pre.size() >= sizeof override.val_str) {
        throw EngineError(ErrorCode::invalid_argument, "The name in pre is too long.");
    }
    override.tag = LLAMA_KV_OVERRIDE_TYPE_STR;
    std::strcpy(override.key, pre_key);
    std::strcpy(override.val_str, pre.c_str());
    return overrides;
}

}  // namespace

Model::Model(const ModelOptions & options, TaskState & state) : sharing_(sharing_of(options.placement.devices)) {
    {
        // The head first: it is small, and a file without one is refused before gigabytes are read.
        const GgufFile file(options.path);
        const int64_t n_embd = check_model_header(file);
        check_pre(file, options.pre);
        head_ = load_head(file, options.head_path, n_embd);
    }

    ModelParams model_params(options.placement);
    llama_model_params & params = model_params.params;
    params.progress_callback = on_progress;
    params.progress_callback_user_data = &state;
    const auto overrides = overrides_of(options.pre);
    if (!options.pre.empty()) {
        params.kv_overrides = overrides.data();
    }

    ErrorCapture errors;
    // Loading transfers nothing between devices itself, but must not overlap work that does.
    const DeviceUse use(sharing_ == DeviceSharing::exclusive ? DeviceSharing::shared : sharing_);
    llama_.reset(llama_model_load_from_file(options.path.c_str(), params));
    if (state.cancelled) {
        throw EngineError(ErrorCode::aborted, "Loading the model was aborted.");
    }
    if (!llama_) {
        const std::string reason = errors.reason();
        if (reason.find("alloc") != std::string::npos || reason.find("memory") != std::string::npos) {
            throw EngineError(ErrorCode::out_of_memory, "There is not enough memory for the weights of " +
                                                            options.path + reason +
                                                            ". Lower gpu_layers, or use a smaller quantization.");
        }
        throw EngineError(ErrorCode::model_load_failed, "llama.cpp could not load " + options.path + reason + ".");
    }
    const int32_t gpu_layers = options.placement.gpu_layers;
    is_on_gpus_ =
        !options.placement.devices.empty() && (gpu_layers < 0 || gpu_layers >= llama_model_n_layer(llama_.get()));
    if (llama_vocab_type(llama_model_get_vocab(llama_.get())) == LLAMA_VOCAB_TYPE_NONE) {
        throw EngineError(ErrorCode::unsupported_model,
                          options.path + " holds no tokenizer. Convert the checkpoint again.");
    }
}

int32_t Model::n_vocab() const {
    return llama_vocab_n_tokens(llama_model_get_vocab(llama_.get()));
}

int32_t Model::n_embd() const {
    return llama_model_n_embd(llama_.get());
}

int32_t Model::n_ctx_train() const {
    return llama_model_n_ctx_train(llama_.get());
}

std::vector<int32_t> Model::tokenize(const std::string & text, bool parse_special) const {
    if (text.size() >= static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
        throw EngineError(ErrorCode::invalid_argument, "A text of 2 GiB or more cannot be tokenized.");
    }
    const llama_vocab * vocab = llama_model_get_vocab(llama_.get());
    const int32_t length = static_cast<int32_t>(text.size());
    // English has about four bytes a token; where there are more tokens, the first call says how many.
    std::vector<int32_t> tokens(length / 3 + 16);
    int32_t n = llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<int32_t>(tokens.size()),
                               /*add_special=*/false, parse_special);
    if (n < 0) {
        tokens.resize(-static_cast<int64_t>(n));
        n = llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<int32_t>(tokens.size()), false,
                           parse_special);
    }
    if (n < 0) {
        throw EngineError(ErrorCode::internal, "llama.cpp could not tokenize a text.");
    }
    tokens.resize(n);
    return tokens;
}

std::vector<std::string> Model::special_texts() const {
    const llama_vocab * vocab = llama_model_get_vocab(llama_.get());
    std::vector<std::string> texts;
    for (llama_token token = 0; token < n_vocab(); token++) {
        if ((llama_vocab_get_attr(vocab, token) & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN)) == 0) {
            continue;
        }
        const std::string text = llama_vocab_get_text(vocab, token);
        if (!text.empty()) {
            texts.push_back(text);
        }
    }
    return texts;
}

std::string Model::chat_template() const {
    const char * text = llama_model_chat_template(llama_.get(), nullptr);
    return text ? text : "";
}

std::string Model::description() const {
    char buffer[256];
    llama_model_desc(llama_.get(), buffer, sizeof buffer);
    return buffer;
}

uint64_t Model::size() const {
    return llama_model_size(llama_.get());
}

uint64_t Model::n_params() const {
    return llama_model_n_params(llama_.get());
}

}  // namespace inform
