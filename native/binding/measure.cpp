#include "binding/measure.h"

#include "binding/engine_options.h"
#include "binding/promise_worker.h"
#include "engine/dry_load.h"
#include "engine/runtime.h"

namespace inform::binding {

Napi::Value measure_compute(const Napi::CallbackInfo & info) {
    const Napi::Object object = info[0].As<Napi::Object>();
    const std::string path = object.Get("path").As<Napi::String>();
    const std::string backend_dir = object.Get("backendDir").As<Napi::String>();
    const Placement placement = to_placement(object.Get("placement").As<Napi::Object>());
    std::vector<ScorerOptions> scorers;
    const Napi::Array array = object.Get("scorers").As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); i++) {
        scorers.push_back(to_scorer_options(array.Get(i).As<Napi::Object>()));
    }

    return PromiseWorker<std::vector<ComputeBuffers>>::start(
        info.Env(),
        [path, backend_dir, placement, scorers]() {
            start_runtime(backend_dir);
            return inform::measure_compute(path, placement, scorers);
        },
        [](Napi::Env env, std::vector<ComputeBuffers> measured) -> Napi::Value {
            Napi::Array out = Napi::Array::New(env, measured.size());
            for (size_t i = 0; i < measured.size(); i++) {
                Napi::Array devices = Napi::Array::New(env, measured[i].devices.size());
                for (size_t d = 0; d < measured[i].devices.size(); d++) {
                    devices.Set(static_cast<uint32_t>(d), static_cast<double>(measured[i].devices[d]));
                }
                Napi::Object entry = Napi::Object::New(env);
                entry.Set("devices", devices);
                entry.Set("host", static_cast<double>(measured[i].host));
                out.Set(static_cast<uint32_t>(i), entry);
            }
            return out;
        });
}

}  // namespace inform::binding
