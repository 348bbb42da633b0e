#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/runtime/activations.h"
#include "engine/scoring/hidden_state_tap.h"
#include "engine/scoring/model.h"
#include "engine/scoring/score_head.h"
#include "engine/scoring/sequence_batch.h"
#include "llama-cpp.h"

namespace inform {

struct ScorerOptions {
    int32_t context_tokens = 0;  // KV cells: the most tokens of one batch, all sequences together
    int32_t max_sequences = 0;   // the most sequences of one batch, 1..256
    int32_t micro_batch = 0;     // tokens that run through the layers together
    int32_t threads = 0;
    bool flash_attention = true;
    bool f32_kv = false;         // KV cache in F32 instead of F16 (only without flash attention does it gain anything)
    bool deterministic = false;  // see Scorer
    Activations activations = Activations::ggml;  // on the CPU
    bool op_offload = true;  // products with streamed weights are computed on a GPU, not on the CPU
};

// llama.cpp's parameters for a scorer's context, but for the callbacks.
llama_context_params context_params(const ScorerOptions & options);

struct Evaluation {
    std::vector<float> rewards;  // one per sequence, in order; not finite where the model's arithmetic was not
    int64_t computed_tokens = 0;
    double seconds = 0;
    double head_seconds = 0;  // of these, the score head's
};

// What the backbone makes of a batch.
struct States {
    std::vector<float> rows;  // the normed hidden state of each sequence's last token, one after the other
    int32_t count = 0;
    int64_t computed_tokens = 0;
    double seconds = 0;
};

// A context over a model: KV cache, compute buffers, head.
//
// After a batch its last sequence stays in the cache: what the next batch's first sequence has in common with it is not
// computed again. Nothing depends on that for its result: a batch holds all its tokens.
//
// A deterministic scorer takes one sequence at a time and keeps whole micro-batches only. Each sequence then lies in
// the cells 0, 1, 2, … and runs in micro-batches whose limits follow from its length, whatever was scored before, so
// that every operation has the same shapes and operands: its reward is a function of its tokens, bit for bit.
class Scorer {
public:
    // Throws out_of_memory or invalid_argument.
    Scorer(std::shared_ptr<const Model> model, const ScorerOptions & options);

    // Blocks until the batch is computed; where a state is not finite, which never touches the others, each sequence
    // is computed alone once more. Another thread may set `cancelled`: the call then ends soon with `aborted`, between
    // two graph nodes on the CPU, at the end of the batch on a GPU. Throws invalid_argument (limits, checked before
    // llama.cpp would abort the process), out_of_memory, decode_failed, aborted; the scorer can go on after each of
    // them. One thread at a time.
    States compute(const SequenceBatch & batch, const std::atomic<bool> & cancelled);

    // The rewards of what was computed, while another thread may compute the next batch. Throws out_of_memory and
    // decode_failed.
    Evaluation apply_head(const States & states);

    // Both, one after the other.
    Evaluation score(const SequenceBatch & batch, const std::atomic<bool> & cancelled);

    // Whether the cores have nothing to do while a batch is computed, so that the head may take them for the batch
    // before.
    bool leaves_cores_free() const { return model_->is_on_gpus(); }

private:
    // The sequence whose tokens lie in the KV cache under one sequence id.
    struct Resident {
        std::vector<int32_t> tokens;
        llama_seq_id id = 0;
    };

    int32_t reusable(const SequenceBatch & batch) const;

    void check(const SequenceBatch & batch) const;
    States compute_once(const SequenceBatch & batch);
    int32_t make_room(const SequenceBatch & batch, std::vector<llama_seq_id> & ids);
    void decode(DecodeBatch & batch, int32_t resident);
    void decode(const llama_batch & micro_batch);
    void forget(bool wipe);

    std::shared_ptr<const Model> model_;
    ScorerOptions options_;
    const std::atomic<bool> * cancelled_ = nullptr;  // the flag of the running compute()
    Resident resident_;
    HiddenStateTap tap_;
    std::mutex head_mutex_;
    HeadRunner head_;
    llama_context_ptr context_;  // last: it calls back into the members above until it is gone
};

}  // namespace inform
