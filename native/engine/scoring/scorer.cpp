#include "engine/scoring/scorer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "engine/error.h"
#include "engine/runtime/log.h"

namespace inform {

namespace {

[[noreturn]] void invalid(const std::string & message) {
    throw EngineError(ErrorCode::invalid_argument, message);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool is_finite(float value) {
    return std::isfinite(value);
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

// ggml's flash attention on the CPU sums in F32 when a micro-batch has at least this many tokens, and in F16 below:
// with 4096 tokens of context a score then moves by 0.05. So no micro-batch is smaller where that can be helped.
constexpr int32_t exact_rows = 64;

// Sizes of micro-batches for n tokens: as few as possible, and about equal, so that none is small.
std::vector<int32_t> even_parts(int32_t n, int32_t micro_batch) {
    const int32_t count = (n + micro_batch - 1) / micro_batch;
    std::vector<int32_t> parts;
    for (int32_t i = 0; i < count; i++) {
        parts.push_back(n / count + (i < n % count));
    }
    return parts;
}

// How many of a sequence's tokens run in micro-batches of full size, which a deterministic scorer may share. The rest
// is one micro-batch, or two where one would be too small.
int32_t full_parts(int32_t length, int32_t micro_batch) {
    const int32_t rest = length % micro_batch;
    const int32_t full = length - rest;
    const bool too_small = rest > 0 && rest < exact_rows && full > 0 && micro_batch >= 2 * exact_rows;
    return too_small ? full - micro_batch : full;
}

int32_t common_prefix(const std::vector<int32_t> & resident, const std::vector<int32_t> & tokens, int32_t limit) {
    const auto end = tokens.begin() + std::min<size_t>(limit, resident.size());
    return static_cast<int32_t>(std::mismatch(tokens.begin(), end, resident.begin()).first - tokens.begin());
}

}  // namespace

llama_context_params context_params(const ScorerOptions & options) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = options.context_tokens;
    params.n_ubatch = std::min(options.micro_batch, options.context_tokens);
    params.n_batch = params.n_ubatch;
    params.n_seq_max = options.max_sequences;
    params.n_outputs_max = options.max_sequences;
    params.n_threads = options.threads;
    params.n_threads_batch = options.threads;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    params.flash_attn_type = options.flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = options.f32_kv ? GGML_TYPE_F32 : GGML_TYPE_F16;
    params.type_v = params.type_k;
    params.kv_unified = true;
    // Layers with a window keep all tokens as well, for the sequences that go on from an earlier place.
    params.swa_full = true;
    params.embeddings = false;
    params.no_perf = true;
    params.op_offload = options.op_offload;
    return params;
}

Scorer::Scorer(std::shared_ptr<const Model> model, const ScorerOptions & options)
    : model_(std::move(model)), options_(options), tap_(model_->n_embd()), head_(model_->head(), options.threads) {
    check_options(options);
    options_.micro_batch = std::min(options.micro_batch, options.context_tokens);

    llama_context_params params = context_params(options);
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
        throw EngineError(ErrorCode::out_of_memory, "There is not enough memory for " +
                                                        std::to_string(options.context_tokens) + " context tokens" +
                                                        errors.reason() +
                                                        ". Lower context_tokens, max_length or batch_size.");
    }
}

void Scorer::check(const SequenceBatch & batch) const {
    const int32_t most = options_.deterministic ? 1 : options_.max_sequences;
    if (batch.tails.empty() || batch.tails.size() > static_cast<size_t>(most)) {
        invalid("A batch must have 1 to " + std::to_string(most) + " sequences, not " +
                std::to_string(batch.tails.size()) + ".");
    }
    if (batch.shared.size() != batch.tails.size() || batch.shared[0] != 0) {
        invalid("Each sequence needs its number of shared tokens, 0 for the first.");
    }
    int64_t total = 0;
    for (int32_t i = 0; i < batch.size(); i++) {
        if (batch.tails[i] < 1) {
            invalid("A sequence must have at least one token of its own.");
        }
        if (batch.shared[i] < 0 || (i > 0 && batch.shared[i] > batch.length(i - 1))) {
            invalid("A sequence cannot share " + std::to_string(batch.shared[i]) + " tokens with the one before.");
        }
        total += batch.tails[i];
        if (total > options_.context_tokens) {
            invalid("A batch of " + std::to_string(total) + " tokens and more does not fit into " +
                    std::to_string(options_.context_tokens) + " context tokens.");
        }
    }
    if (total != static_cast<int64_t>(batch.tokens.size())) {
        invalid("The lengths add up to " + std::to_string(total) + " tokens, but there are " +
                std::to_string(batch.tokens.size()) + ".");
    }
    const int32_t n_vocab = model_->n_vocab();
    for (int32_t token : batch.tokens) {
        if (token < 0 || token >= n_vocab) {
            invalid("Token id " + std::to_string(token) + " is outside of the vocabulary of " +
                    std::to_string(n_vocab) + ".");
        }
    }
}

States Scorer::compute(const SequenceBatch & batch, const std::atomic<bool> & cancelled) {
    check(batch);
    cancelled_ = &cancelled;
    const auto start = std::chrono::steady_clock::now();
    States states = compute_once(batch);
    if (!std::all_of(states.rows.begin(), states.rows.end(), is_finite)) {
        // The sequences share one KV cache, where a NaN reaches the others through masked cells (0 * NaN) and would
        // stay for later batches. So the cache is wiped, and each sequence gets its own state, alone.
        forget(/*wipe=*/true);
        const auto sequences = batch.sequences();
        for (size_t i = 0; i < sequences.size(); i++) {
            const auto length = static_cast<int32_t>(sequences[i].size());
            const States alone = compute_once({sequences[i], {0}, {length}, /*reuse=*/false});
            std::copy(alone.rows.begin(), alone.rows.end(), states.rows.begin() + i * model_->n_embd());
            states.computed_tokens += alone.computed_tokens;
            if (!std::all_of(alone.rows.begin(), alone.rows.end(), is_finite)) {
                forget(/*wipe=*/true);
            }
        }
    }
    states.seconds = seconds_since(start);
    return states;
}

Evaluation Scorer::apply_head(const States & states) {
    const std::lock_guard lock(head_mutex_);
    const auto start = std::chrono::steady_clock::now();
    Evaluation evaluation;
    evaluation.rewards = head_.apply(states.rows, states.count);
    evaluation.head_seconds = seconds_since(start);
    evaluation.seconds = states.seconds + evaluation.head_seconds;
    evaluation.computed_tokens = states.computed_tokens;
    return evaluation;
}

Evaluation Scorer::score(const SequenceBatch & batch, const std::atomic<bool> & cancelled) {
    return apply_head(compute(batch, cancelled));
}

States Scorer::compute_once(const SequenceBatch & batch) {
    if (*cancelled_) {
        throw EngineError(ErrorCode::aborted, "Scoring was aborted.");
    }
    try {
        std::vector<llama_seq_id> ids(batch.size());
        const int32_t resident = make_room(batch, ids);
        DecodeBatch decode_batch(batch, resident, ids);
        decode(decode_batch, resident);
        if (tap_.count() != batch.size()) {
            throw EngineError(ErrorCode::internal, "llama.cpp returned " + std::to_string(tap_.count()) +
                                                       " hidden states for " + std::to_string(batch.size()) +
                                                       " sequences.");
        }
        resident_ = {batch.last_sequence(), ids.back()};
        return {tap_.rows(), batch.size(), decode_batch.n_tokens()};
    } catch (...) {
        // What lies in the cache now is known to nobody.
        forget(/*wipe=*/false);
        throw;
    }
}

// Leaves of the cache what the batch's first sequence has in common with the one that stayed, as members of all
// sequences that begin with it. Fills in the sequences' ids and returns the number of those tokens.
int32_t Scorer::make_room(const SequenceBatch & batch, std::vector<llama_seq_id> & ids) {
    const int32_t kept = batch.reuse ? reusable(batch) : 0;
    // The first sequence goes on under the id of the one that stayed, the others get the ids that are left.
    const llama_seq_id first = kept > 0 ? resident_.id : 0;
    ids[0] = first;
    for (size_t i = 1; i < ids.size(); i++) {
        const auto id = static_cast<llama_seq_id>(i);
        ids[i] = id <= first ? id - 1 : id;
    }

    llama_memory_t memory = llama_get_memory(context_.get());
    if (kept == 0) {
        llama_memory_clear(memory, /*data=*/false);
        return 0;
    }
    llama_memory_seq_keep(memory, first);
    llama_memory_seq_rm(memory, first, kept, -1);
    int32_t common = kept;
    for (int32_t i = 1; i < batch.size(); i++) {
        common = std::min(common, batch.shared[i]);
        if (common == 0) {
            break;
        }
        llama_memory_seq_cp(memory, first, ids[i], 0, common);
    }
    return kept;
}

// How many leading tokens of the batch's first sequence the cache can give.
int32_t Scorer::reusable(const SequenceBatch & batch) const {
    // llama.cpp puts new tokens over those that a layer's window has left behind, where it meets such a cell first.
    if (!resident_.tokens.empty() && llama_memory_seq_pos_min(llama_get_memory(context_.get()), resident_.id) > 0) {
        return 0;
    }
    // The last token is always computed: it is the output.
    const int32_t common = common_prefix(resident_.tokens, batch.tokens, batch.tails[0] - 1);
    if (!options_.deterministic) {
        const auto all = static_cast<int32_t>(batch.tokens.size());
        return std::min(common, std::max(0, all - exact_rows));
    }
    const int32_t full = std::min(full_parts(static_cast<int32_t>(resident_.tokens.size()), options_.micro_batch),
                                  full_parts(batch.tails[0], options_.micro_batch));
    return std::min(common - common % options_.micro_batch, full);
}

// Forgets what is in the cache; wiping takes the data as well as the table.
void Scorer::forget(bool wipe) {
    llama_memory_clear(llama_get_memory(context_.get()), wipe);
    resident_ = {};
}

void Scorer::decode(DecodeBatch & batch, int32_t resident) {
    tap_.clear();
    const int32_t micro_batch = options_.micro_batch;
    int32_t done = 0;
    if (options_.deterministic) {
        const int32_t full = full_parts(resident + batch.n_tokens(), micro_batch) - resident;
        for (; done < full; done += micro_batch) {
            decode(batch.view(done, micro_batch));
        }
    }
    for (int32_t count : even_parts(batch.n_tokens() - done, micro_batch)) {
        decode(batch.view(done, count));
        done += count;
    }
}

void Scorer::decode(const llama_batch & micro_batch) {
    ErrorCapture errors;
    const DeviceUse use(model_->sharing());
    use_activations(options_.activations);
    const int32_t status = llama_decode(context_.get(), micro_batch);
    switch (status) {
        case 0: return;
        case 1:
            throw EngineError(ErrorCode::out_of_memory, "The KV cache has no room for " +
                                                            std::to_string(micro_batch.n_tokens) +
                                                            " more tokens. Raise context_tokens.");
        case 2: throw EngineError(ErrorCode::aborted, "Scoring was aborted.");
        case -2:
            throw EngineError(ErrorCode::out_of_memory, "There is not enough memory to evaluate a batch" +
                                                            errors.reason() + ". Lower context_tokens or micro_batch.");
        default:
            throw EngineError(ErrorCode::decode_failed,
                              "llama_decode failed with status " + std::to_string(status) + errors.reason() + ".");
    }
}

}  // namespace inform
