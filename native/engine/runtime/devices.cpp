#include "engine/runtime/devices.h"

#include "engine/error.h"
#include "engine/runtime/activations.h"
#include "engine/runtime/device_use.h"

namespace inform {

namespace {

const char * type_name(enum ggml_backend_dev_type type) {
    switch (type) {
        case GGML_BACKEND_DEVICE_TYPE_CPU: return "cpu";
        case GGML_BACKEND_DEVICE_TYPE_GPU: return "gpu";
        case GGML_BACKEND_DEVICE_TYPE_IGPU: return "igpu";
        case GGML_BACKEND_DEVICE_TYPE_ACCEL: return "accelerator";
        default: return "other";
    }
}

std::vector<std::string> backend_features(ggml_backend_reg_t backend) {
    std::vector<std::string> names;
    auto get = reinterpret_cast<ggml_backend_get_features_t>(
        ggml_backend_reg_get_proc_address(backend, "ggml_backend_get_features"));
    if (!get) {
        return names;
    }
    for (ggml_backend_feature * feature = get(backend); feature && feature->name; feature++) {
        const std::string value = feature->value;
        if (value != "0") {
            names.push_back(value == "1" ? feature->name : std::string(feature->name) + "=" + value);
        }
    }
    return names;
}

}  // namespace

// The features of a device's backend, and whether our kernels run on it.
std::vector<std::string> features_of(ggml_backend_dev_t device) {
    std::vector<std::string> names = backend_features(ggml_backend_dev_backend_reg(device));
    if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU && has_kernels()) {
        names.push_back("INFORM_KERNELS");
        if (has_int8_kernels()) {
            names.push_back("INFORM_INT8_KERNELS");
        }
        if (has_amx_kernels()) {
            names.push_back("INFORM_AMX_KERNELS");
        }
    }
    return names;
}

std::vector<Device> list_devices() {
    std::vector<Device> devices;
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t dev = ggml_backend_dev_get(i);
        ggml_backend_reg_t backend = ggml_backend_dev_backend_reg(dev);
        ggml_backend_dev_props props;
        ggml_backend_dev_get_props(dev, &props);
        devices.push_back({ggml_backend_dev_name(dev), ggml_backend_dev_description(dev),
                           ggml_backend_reg_name(backend), props.device_id ? props.device_id : "",
                           type_name(ggml_backend_dev_type(dev)), props.memory_free, props.memory_total,
                           concurrent_transfers(dev), features_of(dev)});
    }
    return devices;
}

ggml_backend_dev_t device_by_name(const std::string & name) {
    ggml_backend_dev_t device = ggml_backend_dev_by_name(name.c_str());
    if (!device) {
        throw EngineError(ErrorCode::invalid_argument, "There is no device " + name + ".");
    }
    return device;
}

ggml_backend_ptr start_backend(ggml_backend_dev_t device, int threads) {
    ggml_backend_ptr backend(ggml_backend_dev_init(device, nullptr));
    if (!backend) {
        throw EngineError(ErrorCode::out_of_memory,
                          std::string("The device ") + ggml_backend_dev_name(device) + " cannot be started.");
    }
    auto set_threads = reinterpret_cast<ggml_backend_set_n_threads_t>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_set_n_threads"));
    if (set_threads) {
        set_threads(backend.get(), threads);
    }
    return backend;
}

}  // namespace inform
