#pragma once

#include <cstdint>
#include <vector>

#include "ggml-backend.h"

namespace inform {

// Catches the normed hidden states of a decode's output tokens on their way to the language model's head.
//
// llama.cpp asks its evaluation callback about every tensor. This one asks for `result_norm` (F32, [n_embd, outputs of
// that micro-batch], in batch order), copies it out and answers "stop": the 128256-wide lm_head is never computed.
// Runs on the thread that decodes.
class HiddenStateTap {
public:
    explicit HiddenStateTap(int64_t n_embd) : n_embd_(n_embd) {}

    void clear() { rows_.clear(); }

    // n_embd floats per output token seen since clear().
    const std::vector<float> & rows() const { return rows_; }
    int64_t count() const { return static_cast<int64_t>(rows_.size()) / n_embd_; }

    static bool callback(ggml_tensor * tensor, bool ask, void * tap);

private:
    int64_t n_embd_;
    std::vector<float> rows_;
};

}  // namespace inform
