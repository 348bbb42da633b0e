#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ggml-backend.h"
#include "ggml-cpp.h"

namespace inform {

// A processor that ggml can compute on. Memory in bytes, as the backend reports it.
struct Device {
    std::string name;
    std::string description;
    std::string backend;
    std::string id;    // the hardware's address, on PCI for instance; "" where the backend knows none
    std::string type;  // "cpu", "gpu", "igpu", "accelerator" or "other"
    uint64_t memory_free;
    uint64_t memory_total;
    bool concurrent_transfers;          // see device_use.h
    std::vector<std::string> features;  // the CPU backend's instruction sets, "AVX2" and so on
};

// Every device of every loaded backend. The runtime must have been started.
std::vector<Device> list_devices();

// Throws invalid_argument for a device that is not there.
ggml_backend_dev_t device_by_name(const std::string & name);

// Something that computes on a device; `threads` counts for a CPU. Throws out_of_memory where it cannot be started.
ggml_backend_ptr start_backend(ggml_backend_dev_t device, int threads);

}  // namespace inform
