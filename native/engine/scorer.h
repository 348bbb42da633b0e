#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/hidden_state_tap.h"
#include "engine/model.h"
#include "engine/score_head.h"
#include "llama-cpp.h"

namespace inform {

struct ScorerOptions {
    int32_t context_tokens = 0;    // KV cells: the most tokens of one batch, all sequences together
    int32_t max_sequences = 0;     // the most sequences of one batch, 1..256
    int32_t micro_batch = 0;       // tokens that run through the layers together
    int32_t threads = 0;
    bool flash_attention = true;
    bool f32_kv = false;           // KV cache in F32 instead of F16 (only without flash attention does it gain anything)
};

// Sequences to score, one after the other: lengths[i] tokens belong to sequence i.
struct SequenceBatch {
    std::vector<int32_t> tokens;
    std::vector<int32_t> lengths;
};

// A context over a model: KV cache, compute buffers, head. One thread at a time.
class Scorer {
public:
    // Throws out_of_memory or invalid_argument.
    Scorer(std::shared_ptr<const Model> model, const ScorerOptions & options);

    // One reward per sequence, in order; not finite where the model's arithmetic was not, which never touches the others.
    // Blocks for one llama_decode, and one per sequence where a reward is not finite.
    // Another thread may set `cancelled`: the call then ends soon with `aborted`, between two graph nodes on the CPU, at
    // the end of the batch on a GPU.
    // Throws invalid_argument (limits, checked before llama.cpp would abort the process), out_of_memory, decode_failed,
    // aborted.
    std::vector<float> score(const SequenceBatch & batch, const std::atomic<bool> & cancelled);

private:
    void check(const SequenceBatch & batch) const;
    std::vector<float> evaluate(const SequenceBatch & batch);
    void decode(const SequenceBatch & batch);
    void forget();  // wipes the KV cache's data, not only its table

    std::shared_ptr<const Model> model_;
    ScorerOptions options_;
    const std::atomic<bool> * cancelled_ = nullptr;  // of the running score()
    HiddenStateTap tap_;
    HeadRunner head_;
    llama_context_ptr context_;  // last: it calls back into the members above until it is gone
};

}  // namespace inform
