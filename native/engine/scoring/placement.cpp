#include "engine/scoring/placement.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/runtime/devices.h"

namespace inform {

ModelParams::ModelParams(const Placement & placement) : params(llama_model_default_params()) {
    for (const std::string & name : placement.devices) {
        devices_.push_back(device_by_name(name));
    }
    devices_.push_back(nullptr);
    params.devices = devices_.data();
    params.split_mode = placement.split_mode;
    params.n_gpu_layers = placement.gpu_layers;

    if (!placement.shares.empty()) {
        if (placement.shares.size() > placement.devices.size()) {
            throw EngineError(ErrorCode::invalid_argument, "There are more shares of layers than devices.");
        }
        shares_ = placement.shares;
        shares_.resize(std::max(shares_.size(), llama_max_devices()));
        params.tensor_split = shares_.data();
    }
    if (!placement.streamed_tensors.empty()) {
        // "CPU" means host memory here: llama.cpp takes the GPU's pinned kind where the file is not mapped.
        streamed_tensors_ = placement.streamed_tensors;
        override_buffers(streamed_tensors_.c_str());
    } else if (placement.devices.size() > 1) {
        // llama.cpp does not pipeline micro-batches over devices where any override is, and so keeps one copy of what
        // they hand on, not four. With an evaluation callback (HiddenStateTap) it waits for each device anyway.
        override_buffers("^$");
    }
    if (placement.pinned) {
        params.load_mode = LLAMA_LOAD_MODE_NONE;
    }
    params.use_extra_bufts = placement.repacked;
}

void ModelParams::override_buffers(const char * pattern) {
    overrides_ = {{pattern, ggml_backend_cpu_buffer_type()}, {nullptr, nullptr}};
    params.tensor_buft_overrides = overrides_.data();
}

}  // namespace inform
