#include "engine/device_use.h"

#include <algorithm>
#include <cstring>

#include "engine/devices.h"

namespace inform {

namespace {

std::shared_mutex use;
// Held by whoever waits to be alone, so that work which may be shared, and overlaps without end, does not keep it waiting.
std::mutex gate;

}  // namespace

bool hands_on_concurrently(ggml_backend_dev_t device) {
    return std::strcmp(ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)), "Vulkan") != 0;
}

Overlap overlap_on(const std::vector<std::string> & devices) {
    const bool concurrent = std::all_of(devices.begin(), devices.end(), [](const std::string & name) {
        return hands_on_concurrently(device_by_name(name));
    });
    if (concurrent) {
        return Overlap::any;
    }
    return devices.size() > 1 ? Overlap::alone : Overlap::shared;
}

DeviceUse::DeviceUse(Overlap overlap) {
    if (overlap == Overlap::any) {
        return;
    }
    const std::lock_guard next(gate);
    if (overlap == Overlap::shared) {
        shared_ = std::shared_lock(use);
    } else {
        alone_ = std::unique_lock(use);
    }
}

}  // namespace inform
