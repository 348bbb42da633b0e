#pragma once

#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "ggml-backend.h"

namespace inform {

// Which other work in this process may use a model's devices while they work for it.
enum class DeviceSharing {
    unrestricted,  // all work
    shared,        // all work that is not exclusive
    exclusive,     // only work that is unrestricted
};

// Whether contexts in several threads may transfer intermediate results from this device to another one at the same
// time.
//
// ggml's Vulkan backend cannot: it copies them through a buffer that belongs to the device and reads that without a
// lock (ggml_vk_buffer_copy, MULTI_DEVICE, of llama.cpp de3ff815), so one thread gets what another one has put there,
// and scores are wrong without an error. llama.cpp is not patched for it, because ready-made modules are used as well.
// With CUDA each context has streams and events of its own.
bool concurrent_transfers(ggml_backend_dev_t device);

// What a model on the devices of these names allows. Throws invalid_argument for a device that is not there.
DeviceSharing sharing_of(const std::vector<std::string> & devices);

// Held while devices work. The constructor blocks until all work that this one must not overlap has ended.
class DeviceUse {
public:
    explicit DeviceUse(DeviceSharing sharing);

private:
    std::shared_lock<std::shared_mutex> shared_;
    std::unique_lock<std::shared_mutex> exclusive_;
};

}  // namespace inform
