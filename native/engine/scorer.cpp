#include "engine/scorer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/error.h"
#include "engine/log.h"

namespace inform {

namespace {

[[noreturn]] void invalid(const std::string & message) {
    throw EngineError(ErrorCode::invalid_argument, message);
}

bool is_finite(float reward) {
    return std::isfinite(reward);
}

void check_options(const ScorerOptions & options) {
    if (options.max_sequences < 1 || options.max_sequences > static_cast<int32_t>(llama_max_parallel_sequences())) {
        invalid("A scorer takes 1 to " + std::to_string(llama_max_parallel_sequences()) + " sequences at a time, not " +
                std::to_string(options.max_sequences) + ".");
    }
    if (options.context_tokens < 1 || options.micro_batch < 1 || options.threads < 1) {
        invalid("Context tokens, micro-batch and threads must be at least 1.");
    }
}

// llama.cpp's batch over borrowed arrays: every sequence starts at position 0, and only its last token is an output.
class DecodeBatch {
public:
    explicit DecodeBatch(const SequenceBatch & batch) {
        const size_t n = batch.tokens.size();
        tokens_ = batch.tokens;
        positions_.reserve(n);
        outputs_.reserve(n);
        for (int32_t length : batch.lengths) {
            for (int32_t position = 0; position < length; position++) {
                positions_.push_back(position);
                outputs_.push_back(position == length - 1);
            }
        }
        ids_.resize(batch.lengths.size());
        id_pointers_.reserve(n);
        for (size_t s = 0; s < batch.lengths.size(); s++) {
            ids_[s] = static_cast<llama_seq_id>(s);
            id_pointers_.insert(id_pointers_.end(), batch.lengths[s], &ids_[s]);
        }
        id_counts_.assign(n, 1);
    }

    llama_batch view() {
        return {static_cast<int32_t>(tokens_.size()), tokens_.data(),      nullptr,        positions_.data(),
                id_counts_.data(),                    id_pointers_.data(), outputs_.data()};
    }

private:
    std::vector<llama_token> tokens_;
    std::vector<llama_pos> positions_;
    std::vector<int32_t> id_counts_;
    std::vector<llama_seq_id> ids_;
    std::vector<llama_seq_id *> id_pointers_;
    std::vector<int8_t> outputs_;
};

}  // namespace

Scorer::Scorer(std::shared_ptr<const Model> model, const ScorerOptions & options)
    : model_(std::move(model)), options_(options), tap_(model_->n_embd()), head_(model_->head(), options.threads) {
    check_options(options);

    llama_context_params params = llama_context_default_params();
    params.n_ctx = options.context_tokens;
    params.n_batch = options.context_tokens;
    params.n_ubatch = std::min(options.micro_batch, options.context_tokens);
    params.n_seq_max = options.max_sequences;
    params.n_outputs_max = options.max_sequences;
    params.n_threads = options.threads;
    params.n_threads_batch = options.threads;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    params.flash_attn_type = options.flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = options.f32_kv ? GGML_TYPE_F32 : GGML_TYPE_F16;
    params.type_v = params.type_k;
    params.kv_unified = true;
    params.embeddings = false;
    params.no_perf = true;
    params.cb_eval = HiddenStateTap::callback;
    params.cb_eval_user_data = &tap_;
    // Asked at construction too, when llama.cpp reserves its graphs and nothing can be cancelled yet.
    params.abort_callback = [](void * self) {
        const auto * cancelled = static_cast<const Scorer *>(self)->cancelled_;
        return cancelled && *cancelled;
    };
    params.abort_callback_data = this;

    ErrorCapture errors;
    // llama.cpp takes the model as mutable but only reads it here.
    context_.reset(llama_init_from_model(const_cast<llama_model *>(model_->llama()), params));
    if (!context_) {
        throw EngineError(ErrorCode::out_of_memory,
                          "There is not enough memory for " + std::to_string(options.context_tokens) +
                              " context tokens" + errors.reason() + ". Lower context_tokens, max_length or batch_size.");
    }
}

void Scorer::check(const SequenceBatch & batch) const {
    if (batch.lengths.empty() || batch.lengths.size() > static_cast<size_t>(options_.max_sequences)) {
        invalid("A batch must have 1 to " + std::to_string(options_.max_sequences) + " sequences, not " +
                std::to_string(batch.lengths.size()) + ".");
    }
    int64_t total = 0;
    for (int32_t length : batch.lengths) {
        if (length < 1) {
            invalid("A sequence must have at least one token.");
        }
        total += length;
    }
    if (total != static_cast<int64_t>(batch.tokens.size())) {
        invalid("The lengths add up to " + std::to_string(total) + " tokens, but there are " +
                std::to_string(batch.tokens.size()) + ".");
    }
    if (total > options_.context_tokens) {
        invalid("A batch of " + std::to_string(total) + " tokens does not fit into " +
                std::to_string(options_.context_tokens) + " context tokens.");
    }
    const int32_t n_vocab = model_->n_vocab();
    for (int32_t token : batch.tokens) {
        if (token < 0 || token >= n_vocab) {
            invalid("Token id " + std::to_string(token) + " is outside of the vocabulary of " + std::to_string(n_vocab) + ".");
        }
    }
}

std::vector<float> Scorer::score(const SequenceBatch & batch, const std::atomic<bool> & cancelled) {
    check(batch);
    cancelled_ = &cancelled;
    std::vector<float> rewards = evaluate(batch);
    if (std::all_of(rewards.begin(), rewards.end(), is_finite)) {
        return rewards;
    }

    // The sequences share one KV cache, where a NaN reaches the others through masked cells (0 * NaN) and would stay
    // for later batches. So the cache is wiped, and each sequence gets its own reward, alone.
    forget();
    if (rewards.size() == 1) {
        return rewards;
    }
    auto first = batch.tokens.begin();
    for (size_t s = 0; s < rewards.size(); s++) {
        const auto last = first + batch.lengths[s];
        rewards[s] = evaluate({{first, last}, {batch.lengths[s]}}).front();
        first = last;
        if (!is_finite(rewards[s])) {
            forget();
        }
    }
    return rewards;
}

std::vector<float> Scorer::evaluate(const SequenceBatch & batch) {
    if (*cancelled_) {
        throw EngineError(ErrorCode::aborted, "Scoring was aborted.");
    }
    decode(batch);
    const int64_t n = static_cast<int64_t>(batch.lengths.size());
    if (tap_.count() != n) {
        throw EngineError(ErrorCode::internal, "llama.cpp returned " + std::to_string(tap_.count()) +
                                                   " hidden states for " + std::to_string(n) + " sequences.");
    }
    return head_.apply(tap_.rows(), n);
}

void Scorer::forget() {
    llama_memory_clear(llama_get_memory(context_.get()), /*data=*/true);
}

void Scorer::decode(const SequenceBatch & batch) {
    tap_.clear();
    llama_memory_clear(llama_get_memory(context_.get()), /*data=*/false);

    DecodeBatch decode_batch(batch);
    ErrorCapture errors;
    const int32_t status = llama_decode(context_.get(), decode_batch.view());
    switch (status) {
        case 0:
            return;
        case 1:
            throw EngineError(ErrorCode::out_of_memory, "The KV cache has no room for a batch of " +
                                                            std::to_string(batch.tokens.size()) +
                                                            " tokens. Raise context_tokens.");
        case 2:
            throw EngineError(ErrorCode::aborted, "Scoring was aborted.");
        case -2:
            throw EngineError(ErrorCode::out_of_memory, "There is not enough memory to evaluate a batch" + errors.reason() +
                                                            ". Lower context_tokens or micro_batch.");
        default:
            throw EngineError(ErrorCode::decode_failed,
                              "llama_decode failed with status " + std::to_string(status) + errors.reason() + ".");
    }
}

}  // namespace inform
