#include "binding/devices.h"

#include "binding/convert.h"
#include "binding/promise_worker.h"
#include "engine/runtime/devices.h"
#include "engine/runtime/runtime.h"
#include "engine/runtime/shared_library.h"
#include "llama.h"

namespace inform::binding {

namespace {

Napi::Object to_object(Napi::Env env, const Device & device) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("name", device.name);
    out.Set("description", device.description);
    out.Set("backend", device.backend);
    out.Set("id", device.id);
    out.Set("type", device.type);
    out.Set("memoryFree", static_cast<double>(device.memory_free));
    out.Set("memoryTotal", static_cast<double>(device.memory_total));
    out.Set("concurrentTransfers", device.concurrent_transfers);
    out.Set("features", to_string_array(env, device.features));
    return out;
}

Napi::Object to_object(Napi::Env env, const BackendModule & module) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("name", module.name);
    out.Set("file", module.file);
    out.Set("loaded", module.loaded);
    out.Set("devices", static_cast<double>(module.devices));
    out.Set("reason", module.reason);
    out.Set("missing", to_string_array(env, module.missing));
    return out;
}

// Starts the runtime, then promises what `list` finds.
template <typename T>
Napi::Value list_from_runtime(const Napi::CallbackInfo & info, std::function<std::vector<T>()> list) {
    const std::string backend_dir = info[0].As<Napi::String>();
    return PromiseWorker<std::vector<T>>::start(
        info.Env(),
        [backend_dir, list]() {
            start_runtime(backend_dir);
            return list();
        },
        [](Napi::Env env, std::vector<T> found) -> Napi::Value {
            return to_array(env, found, [env](const T & entry) { return to_object(env, entry); });
        });
}

}  // namespace

Napi::Value devices(const Napi::CallbackInfo & info) {
    return list_from_runtime<Device>(info, list_devices);
}

Napi::Value backends(const Napi::CallbackInfo & info) {
    return list_from_runtime<BackendModule>(info, backend_modules);
}

void add_backend_folder(const Napi::CallbackInfo & info) {
    inform::add_backend_folder(info[0].As<Napi::String>());
}

Napi::Value opens_library(const Napi::CallbackInfo & info) {
    return Napi::Boolean::New(info.Env(), inform::opens_library(info[0].As<Napi::String>()));
}

Napi::Value llama_version(const Napi::CallbackInfo & info) {
    return Napi::String::New(info.Env(), ::llama_version());
}

}  // namespace inform::binding
