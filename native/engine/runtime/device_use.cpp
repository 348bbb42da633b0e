#include "engine/runtime/device_use.h"

#include <algorithm>
#include <cstring>

#include "engine/runtime/devices.h"

namespace inform {

namespace {

std::shared_mutex use;
// Held while exclusive work waits, so that shared work, of which some may always be running, cannot starve it.
std::mutex gate;

}  // namespace

bool concurrent_transfers(ggml_backend_dev_t device) {
    return std::strcmp(ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)), "Vulkan") != 0;
}

DeviceSharing sharing_of(const std::vector<std::string> & devices) {
    const bool concurrent = std::all_of(devices.begin(), devices.end(), [](const std::string & name) {
        return concurrent_transfers(device_by_name(name));
    });
    if (concurrent) {
        return DeviceSharing::unrestricted;
    }
    return devices.size() > 1 ? DeviceSharing::exclusive : DeviceSharing::shared;
}

DeviceUse::DeviceUse(DeviceSharing sharing) {
    if (sharing == DeviceSharing::unrestricted) {
        return;
    }
    const std::lock_guard next(gate);
    if (sharing == DeviceSharing::shared) {
        shared_ = std::shared_lock(use);
    } else {
        exclusive_ = std::unique_lock(use);
    }
}

}  // namespace inform
