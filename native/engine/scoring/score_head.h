#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml.h"

namespace inform {

// The weights of the reward model's score head, shared by all scorers of a model and never changed:
//
//   reward = W2 · relu(W1 · h + b1) + b2       h: the hidden state of a sequence's last token, [n_embd]
//
// GGUF names: cls.weight W1 [n_embd, n_hidden], cls.bias b1 [n_hidden], cls.output.weight W2 [n_hidden, 1],
// cls.output.bias b2 [1] (shapes in ggml's order). A head without W1 is the one-layer reward = W2 · h + b2; biases may
// be absent. A file may state inform.head.mean and inform.head.deviation: then the score is (reward - mean) /
// deviation. W1 stays in the type it is stored in; the vectors are held in F32.
class ScoreHead {
public:
    // Throws model_has_no_head, unsupported_model (shapes, activation, format) or invalid_model_file (non-finite
    // weights: ReLU would turn them into numbers that look like scores).
    ScoreHead(const GgufFile & file, int64_t n_embd);

    int64_t n_embd() const { return n_embd_; }
    int64_t n_hidden() const { return hidden_ ? hidden_->ne[1] : 0; }  // 0: a one-layer head

private:
    friend class HeadRunner;
    struct Tensors;

    static Tensors find(const GgufFile & file);
    void check(const GgufFile & file, const Tensors & tensors) const;
    void read_scale(const GgufFile & file);
    void allocate(const Tensors & tensors);
    void load(const GgufFile & file, const Tensors & tensors);

    int64_t n_embd_;
    ggml_context_ptr context_;
    ggml_backend_buffer_ptr buffer_;
    ggml_tensor * hidden_ = nullptr;       // W1, or null
    ggml_tensor * hidden_bias_ = nullptr;  // b1, or null
    ggml_tensor * output_ = nullptr;       // W2
    ggml_tensor * output_bias_ = nullptr;  // b2, or null
    float mean_ = 0;
    float deviation_ = 1;
};

// Applies a head on the CPU. One thread at a time; each scorer has its own.
class HeadRunner {
public:
    HeadRunner(std::shared_ptr<const ScoreHead> head, int n_threads);

    // hidden: n rows of n_embd floats. Returns n rewards; NaN where the arithmetic left the finite numbers anywhere.
    std::vector<float> apply(const std::vector<float> & hidden, int64_t n);

private:
    struct Graph;

    Graph build(int64_t n) const;
    ggml_tensor * pre_activations(ggml_context * ctx, ggml_tensor * hidden, int64_t first, int64_t rows) const;
    void compute(const Graph & graph, const std::vector<float> & hidden);

    std::shared_ptr<const ScoreHead> head_;
    ggml_backend_ptr backend_;
    ggml_gallocr_ptr allocator_;
};

}  // namespace inform
