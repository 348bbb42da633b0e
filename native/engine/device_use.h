#pragma once

#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "ggml-backend.h"

namespace inform {

// What else in this process may use a model's devices while they work for it.
enum class Overlap {
    any,     // everything
    shared,  // everything but work that must be alone
    alone,   // nothing that is `shared` or `alone`
};

// Whether contexts in several threads may hand intermediate results from this device to another one at the same time.
//
// ggml's Vulkan backend cannot: it copies them through a buffer that belongs to the device and reads that without a lock
// (ggml_vk_buffer_copy, MULTI_DEVICE, of llama.cpp de3ff815), so one thread gets what another one has put there, and scores are
// wrong without an error. It is not patched, for ready-made modules are used as well. With CUDA each context has streams and events
// of its own.
bool hands_on_concurrently(ggml_backend_dev_t device);

// For a model that lies on the devices of these names. Throws invalid_argument for a device that is not there.
Overlap overlap_on(const std::vector<std::string> & devices);

// Held while devices work. Blocks until the work that it must not meet has ended.
class DeviceUse {
public:
    explicit DeviceUse(Overlap overlap);

private:
    std::shared_lock<std::shared_mutex> shared_;
    std::unique_lock<std::shared_mutex> alone_;
};

}  // namespace inform
