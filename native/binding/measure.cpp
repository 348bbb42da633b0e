#include "binding/measure.h"

#include "binding/convert.h"
#include "binding/engine_options.h"
#include "binding/promise_worker.h"
#include "engine/runtime/runtime.h"
#include "engine/scoring/measure_compute.h"

namespace inform::binding {

namespace {

Napi::Object to_object(Napi::Env env, const ComputeBuffers & buffers) {
    const auto bytes = [env](uint64_t size) { return Napi::Number::New(env, static_cast<double>(size)); };
    Napi::Object out = Napi::Object::New(env);
    out.Set("devices", to_array(env, buffers.devices, bytes));
    out.Set("host", bytes(buffers.host));
    return out;
}

}  // namespace

Napi::Value measure_compute(const Napi::CallbackInfo & info) {
    const Properties object(info[0]);
    const std::string path = object.text("path");
    const std::string backend_dir = object.text("backendDir");
    const Placement placement = to_placement(object.get("placement"));
    const std::vector<ScorerOptions> scorers = to_vector(object.get("scorers"), to_scorer_options);

    return PromiseWorker<std::vector<ComputeBuffers>>::start(
        info.Env(),
        [path, backend_dir, placement, scorers]() {
            start_runtime(backend_dir);
            return inform::measure_compute(path, placement, scorers);
        },
        [](Napi::Env env, std::vector<ComputeBuffers> measured) -> Napi::Value {
            return to_array(env, measured, [env](const ComputeBuffers & buffers) { return to_object(env, buffers); });
        });
}

}  // namespace inform::binding
