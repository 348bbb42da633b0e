#include "binding/speed.h"

#include "binding/convert.h"
#include "binding/promise_worker.h"
#include "engine/runtime/runtime.h"
#include "engine/runtime/speed.h"

namespace inform::binding {

namespace {

template <typename Measure>
Napi::Value start(Napi::Env env, Measure measure) {
    return PromiseWorker<double>::start(env, measure, [](Napi::Env env, double rate) -> Napi::Value {
        return Napi::Number::New(env, rate);
    });
}

}  // namespace

Napi::Value measure_product(const Napi::CallbackInfo & info) {
    const Properties object(info[0]);
    const std::string device = object.text("device");
    const auto type = static_cast<ggml_type>(object.int32("type"));
    const int threads = object.int32("threads");
    const bool repacked = object.flag("repacked");
    const Activations activations = to_activations(object.text("activations"));
    const std::string backend_dir = object.text("backendDir");
    return start(info.Env(), [=] {
        start_runtime(backend_dir);
        return inform::measure_product(device, type, threads, repacked, activations);
    });
}

Napi::Value measure_attention(const Napi::CallbackInfo & info) {
    const Properties object(info[0]);
    const AttentionShape shape = {object.int32("length"),   object.int32("heads"),  object.int32("kvHeads"),
                                  object.int32("unseen"),   object.int32("prompt"), object.int32("tokens"),
                                  object.int32("sequences")};
    const int threads = object.int32("threads");
    const Activations activations = to_activations(object.text("activations"));
    const std::string backend_dir = object.text("backendDir");
    return start(info.Env(), [=] {
        start_runtime(backend_dir);
        return inform::measure_attention(shape, threads, activations);
    });
}

Napi::Value measure_upload(const Napi::CallbackInfo & info) {
    const Properties object(info[0]);
    const std::string device = object.text("device");
    const std::string backend_dir = object.text("backendDir");
    return start(info.Env(), [=] {
        start_runtime(backend_dir);
        return inform::measure_upload(device);
    });
}

Napi::Value measure_disk(const Napi::CallbackInfo & info) {
    const std::string path = info[0].As<Napi::String>();
    return start(info.Env(), [=] { return inform::measure_disk(path); });
}

}  // namespace inform::binding
