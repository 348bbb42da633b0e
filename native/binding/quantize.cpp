#include "binding/quantize.h"

#include "binding/convert.h"
#include "binding/promise_worker.h"
#include "engine/convert/quantizer.h"
#include "engine/runtime/runtime.h"

namespace inform::binding {

namespace {

ImportanceEntry to_importance(const Napi::Value & value) {
    const Properties entry(value);
    return {entry.text("tensor"), to_numbers<float>(entry.get("values"))};
}

MetadataValue to_metadata_value(const Napi::Value & value) {
    if (value.IsNumber()) {
        return value.As<Napi::Number>().Uint32Value();
    }
    return value.As<Napi::String>().Utf8Value();
}

QuantizeOptions to_quantize_options(const Properties & object) {
    QuantizeOptions options;
    options.input = object.text("input");
    options.output = object.text("output");
    options.file_type = object.int32("fileType");
    options.threads = object.int32("threads");
    options.dry_run = object.flag("dryRun");
    options.importance = to_vector(object.get("importance"), to_importance);
    const Napi::Object metadata = object.get("metadata").As<Napi::Object>();
    for (const std::string & key : to_strings(metadata.GetPropertyNames())) {
        options.metadata.emplace_back(key, to_metadata_value(metadata.Get(key)));
    }
    return options;
}

}  // namespace

Napi::Value quantize(const Napi::CallbackInfo & info) {
    const Properties object(info[0]);
    return run_on_worker(info.Env(),
                         [backend_dir = object.text("backendDir"), options = to_quantize_options(object)]() {
                             start_runtime(backend_dir);
                             quantize_model(options);
                         });
}

}  // namespace inform::binding
