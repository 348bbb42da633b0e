#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/device_use.h"
#include "engine/runtime/task_state.h"
#include "engine/scoring/placement.h"
#include "engine/scoring/score_head.h"
#include "llama-cpp.h"

namespace inform {

struct ModelOptions {
    std::string path;       // the GGUF
    std::string head_path;  // a GGUF that holds the head; empty: the model's own
    std::string pre;        // how the tokenizer splits words, as llama.cpp names it; empty: as the GGUF says
    Placement placement;
};

// A backbone and its head, loaded: weights that never change. Shared by scorers; usable from any thread.
class Model {
public:
    // Blocks while it loads. Throws what GgufFile, ScoreHead and ModelParams throw, model_load_failed, out_of_memory
    // and aborted.
    Model(const ModelOptions & options, TaskState & state);

    const llama_model * llama() const { return llama_.get(); }
    std::shared_ptr<const ScoreHead> head() const { return head_; }

    // Which other work may use its devices while a scorer computes with it.
    DeviceSharing sharing() const { return sharing_; }

    // Whether GPUs compute all layers.
    bool is_on_gpus() const { return is_on_gpus_; }

    int32_t n_vocab() const;
    int32_t n_embd() const;
    int32_t n_ctx_train() const;

    // The text's token ids, without BOS or EOS added: the chat template writes them. With parse_special the text of
    // control tokens becomes those tokens. Throws invalid_argument for text of 2 GiB and more.
    std::vector<int32_t> tokenize(const std::string & text, bool parse_special) const;

    // The texts of all control tokens, "<|eot_id|>" and so on: what parse_special turns into tokens.
    std::vector<std::string> special_texts() const;

    // The model's Jinja chat template, "" where it has none.
    std::string chat_template() const;

    std::string description() const;  // "llama 8B Q4_K - Medium"
    uint64_t size() const;            // bytes of all tensors
    uint64_t n_params() const;

private:
    DeviceSharing sharing_;
    bool is_on_gpus_ = false;
    llama_model_ptr llama_;
    std::shared_ptr<const ScoreHead> head_;
};

}  // namespace inform
