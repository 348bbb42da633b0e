#pragma once

#include <atomic>
#include <memory>
#include <set>

#include "binding/napi_setup.h"

namespace inform::binding {

using CancelFlag = std::shared_ptr<std::atomic<bool>>;

// What one environment (the main thread or a worker thread) keeps of the addon: its classes, and the running jobs, so
// that an environment that ends can stop them instead of waiting for them. Used on that environment's thread only.
struct AddonData {
    Napi::FunctionReference task_handle;
    Napi::FunctionReference model;
    Napi::FunctionReference scorer;
    std::set<CancelFlag> running;

    void cancel_all() {
        for (const CancelFlag & flag : running) {
            *flag = true;
        }
    }
};

inline AddonData & addon_data(Napi::Env env) {
    return *env.GetInstanceData<AddonData>();
}

// cancelAll(): void - every running load, conversion and score of this environment ends soon with INFORM_ABORTED
inline void cancel_all(const Napi::CallbackInfo & info) {
    addon_data(info.Env()).cancel_all();
}

}  // namespace inform::binding
