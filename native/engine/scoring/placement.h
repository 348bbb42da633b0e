#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "llama.h"

namespace inform {

// Where a model's weights lie and which devices compute with them.
struct Placement {
    // GPUs by ggml's names, in the order in which they take layers; none: the CPU does everything.
    std::vector<std::string> devices;
    llama_split_mode split_mode = LLAMA_SPLIT_MODE_LAYER;
    // Each device's share of the layers (llama.cpp's tensor_split); empty: as its free memory.
    std::vector<float> shares;
    // How many layers, counted from the last one, and the output belong to GPUs; negative: all.
    int32_t gpu_layers = -1;
    // The names, as a regular expression, of those layers' tensors that stay in host memory: for each micro-batch they
    // are copied to the first GPU, which computes with them (llama.cpp's op offload). The layers' KV cache lies on the
    // GPU. Empty: none.
    std::string streamed_tensors;
    // Host memory that the GPU's driver allocates, from which copies are fastest, instead of the mapped file.
    bool pinned = false;
    // A copy of the CPU's weights in the order of its fastest kernels. Without it they stay in the mapped file, which
    // may be larger than the memory.
    bool repacked = true;
};

// A placement as llama.cpp's parameters, which point into this object.
class ModelParams {
public:
    // Throws invalid_argument for a device that is not there, or more shares than devices.
    explicit ModelParams(const Placement & placement);
    ModelParams(const ModelParams &) = delete;
    ModelParams & operator=(const ModelParams &) = delete;

    llama_model_params params;

private:
    void override_buffers(const char * pattern);

    std::vector<ggml_backend_dev_t> devices_;
    std::vector<float> shares_;
    std::string streamed_tensors_;
    std::vector<llama_model_tensor_buft_override> overrides_;
};

}  // namespace inform
