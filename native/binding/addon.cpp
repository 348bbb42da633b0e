// The addon's entry point: what src/addon/load-addon.ts declares, and nothing more.

#include "binding/addon_data.h"
#include "binding/encode.h"
#include "binding/file_lock.h"
#include "binding/measure.h"
#include "binding/task_ticket_wrap.h"
#include "binding/model_wrap.h"
#include "binding/promise_worker.h"
#include "binding/scorer_wrap.h"
#include "engine/devices.h"
#include "engine/log.h"
#include "engine/quantizer.h"
#include "engine/runtime.h"
#include "engine/shared_library.h"

namespace inform::binding {

namespace {

Napi::Array to_js_strings(Napi::Env env, const std::vector<std::string> & texts) {
    Napi::Array out = Napi::Array::New(env, texts.size());
    for (size_t i = 0; i < texts.size(); i++) {
        out.Set(static_cast<uint32_t>(i), texts[i]);
    }
    return out;
}

// devices(backendDir): Promise<Device[]>
Napi::Value devices(const Napi::CallbackInfo & info) {
    const std::string backend_dir = info[0].As<Napi::String>();
    return PromiseWorker<std::vector<Device>>::start(
        info.Env(),
        [backend_dir]() {
            start_runtime(backend_dir);
            return list_devices();
        },
        [](Napi::Env env, std::vector<Device> found) -> Napi::Value {
            Napi::Array out = Napi::Array::New(env, found.size());
            for (size_t i = 0; i < found.size(); i++) {
                const Device & device = found[i];
                Napi::Object entry = Napi::Object::New(env);
                entry.Set("name", device.name);
                entry.Set("description", device.description);
                entry.Set("backend", device.backend);
                entry.Set("id", device.id);
                entry.Set("type", device.type);
                entry.Set("memoryFree", static_cast<double>(device.memory_free));
                entry.Set("memoryTotal", static_cast<double>(device.memory_total));
                entry.Set("handsOnConcurrently", device.hands_on_concurrently);
                entry.Set("features", to_js_strings(env, device.features));
                out.Set(static_cast<uint32_t>(i), entry);
            }
            return out;
        });
}

// backends(backendDir): Promise<BackendModule[]>
Napi::Value backends(const Napi::CallbackInfo & info) {
    const std::string backend_dir = info[0].As<Napi::String>();
    return PromiseWorker<std::vector<BackendModule>>::start(
        info.Env(),
        [backend_dir]() {
            start_runtime(backend_dir);
            return backend_modules();
        },
        [](Napi::Env env, std::vector<BackendModule> found) -> Napi::Value {
            Napi::Array out = Napi::Array::New(env, found.size());
            for (size_t i = 0; i < found.size(); i++) {
                const BackendModule & module = found[i];
                Napi::Object entry = Napi::Object::New(env);
                entry.Set("name", module.name);
                entry.Set("file", module.file);
                entry.Set("loaded", module.loaded);
                entry.Set("devices", static_cast<double>(module.devices));
                entry.Set("reason", module.reason);
                entry.Set("missing", to_js_strings(env, module.missing));
                out.Set(static_cast<uint32_t>(i), entry);
            }
            return out;
        });
}

// addBackendFolder(folder: string): void - for modules beyond the addon's own; before anything is loaded
void add_folder(const Napi::CallbackInfo & info) {
    add_backend_folder(info[0].As<Napi::String>());
}

// opensLibrary(name: string): boolean
Napi::Value opens(const Napi::CallbackInfo & info) {
    return Napi::Boolean::New(info.Env(), opens_library(info[0].As<Napi::String>()));
}

MetadataValue to_metadata_value(const Napi::Value & value) {
    if (value.IsNumber()) {
        return value.As<Napi::Number>().Uint32Value();
    }
    return value.As<Napi::String>().Utf8Value();
}

// quantize(options): Promise<void> - cannot be stopped; see quantize_model
Napi::Value quantize(const Napi::CallbackInfo & info) {
    const Napi::Object object = info[0].As<Napi::Object>();
    const std::string backend_dir = object.Get("backendDir").As<Napi::String>();
    QuantizeOptions options;
    options.input = object.Get("input").As<Napi::String>();
    options.output = object.Get("output").As<Napi::String>();
    options.file_type = object.Get("fileType").As<Napi::Number>();
    options.threads = object.Get("threads").As<Napi::Number>();
    options.dry_run = object.Get("dryRun").As<Napi::Boolean>();
    const Napi::Array importance = object.Get("importance").As<Napi::Array>();
    for (uint32_t i = 0; i < importance.Length(); i++) {
        const Napi::Object entry = importance.Get(i).As<Napi::Object>();
        const Napi::Float32Array values = entry.Get("values").As<Napi::Float32Array>();
        options.importance.push_back({entry.Get("tensor").As<Napi::String>(),
                                      std::vector<float>(values.Data(), values.Data() + values.ElementLength())});
    }
    const Napi::Object metadata = object.Get("metadata").As<Napi::Object>();
    const Napi::Array keys = metadata.GetPropertyNames();
    for (uint32_t i = 0; i < keys.Length(); i++) {
        const std::string key = keys.Get(i).As<Napi::String>();
        options.metadata.emplace_back(key, to_metadata_value(metadata.Get(key)));
    }

    return PromiseWorker<bool>::start(
        info.Env(),
        [backend_dir, options = std::move(options)]() {
            start_runtime(backend_dir);
            quantize_model(options);
            return true;
        },
        [](Napi::Env env, bool) -> Napi::Value { return env.Undefined(); });
}

// takeLog(): {level: number, text: string}[]
Napi::Value take_log_lines(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    const std::vector<LogLine> lines = take_log();
    Napi::Array out = Napi::Array::New(env, lines.size());
    for (size_t i = 0; i < lines.size(); i++) {
        Napi::Object line = Napi::Object::New(env);
        line.Set("level", lines[i].level);
        line.Set("text", lines[i].text);
        out.Set(static_cast<uint32_t>(i), line);
    }
    return out;
}

// cancelAll(): void - every running load and score of this environment ends soon with INFORM_ABORTED
void cancel_all(const Napi::CallbackInfo & info) {
    addon_data(info.Env()).cancel_all();
}

// llamaVersion(): string
Napi::Value llama_version_text(const Napi::CallbackInfo & info) {
    return Napi::String::New(info.Env(), llama_version());
}

}  // namespace

Napi::Object init(Napi::Env env, Napi::Object exports) {
    auto * data = new AddonData();
    env.SetInstanceData<AddonData>(data);
    // Node waits for running work before an environment ends; a batch can take minutes, so it is told to stop.
    env.AddCleanupHook([](AddonData * ending) { ending->cancel_all(); }, data);

    data->task_ticket = Napi::Persistent(TaskTicketWrap::define(env));
    data->model = Napi::Persistent(ModelWrap::define(env));
    data->scorer = Napi::Persistent(ScorerWrap::define(env));
    exports.Set("TaskTicket", data->task_ticket.Value());
    exports.Set("loadModel", Napi::Function::New<ModelWrap::load>(env, "loadModel"));
    exports.Set("createScorer", Napi::Function::New<ScorerWrap::create>(env, "createScorer"));
    exports.Set("encodeTensors", Napi::Function::New<encode_tensors>(env, "encodeTensors"));
    exports.Set("lockFile", Napi::Function::New<lock_file>(env, "lockFile"));
    exports.Set("measureCompute", Napi::Function::New<measure_compute>(env, "measureCompute"));
    exports.Set("devices", Napi::Function::New<devices>(env, "devices"));
    exports.Set("backends", Napi::Function::New<backends>(env, "backends"));
    exports.Set("addBackendFolder", Napi::Function::New<add_folder>(env, "addBackendFolder"));
    exports.Set("opensLibrary", Napi::Function::New<opens>(env, "opensLibrary"));
    exports.Set("quantize", Napi::Function::New<quantize>(env, "quantize"));
    exports.Set("takeLog", Napi::Function::New<take_log_lines>(env, "takeLog"));
    exports.Set("cancelAll", Napi::Function::New<cancel_all>(env, "cancelAll"));
    exports.Set("llamaVersion", Napi::Function::New<llama_version_text>(env, "llamaVersion"));
    return exports;
}

}  // namespace inform::binding

Napi::Object init_addon(Napi::Env env, Napi::Object exports) {
    return inform::binding::init(env, exports);
}

NODE_API_MODULE(inform_score, init_addon)
