// The addon's entry point: what src/addon/load-addon.ts declares, and nothing more.

#include "binding/addon_data.h"
#include "binding/devices.h"
#include "binding/encode.h"
#include "binding/file_lock.h"
#include "binding/log.h"
#include "binding/measure.h"
#include "binding/model_wrap.h"
#include "binding/quantize.h"
#include "binding/scorer_wrap.h"
#include "binding/speed.h"
#include "binding/task_handle_wrap.h"

namespace inform::binding {

namespace {

template <auto function>
void define(Napi::Object exports, const char * name) {
    exports.Set(name, Napi::Function::New<function>(exports.Env(), name));
}

}  // namespace

Napi::Object init(Napi::Env env, Napi::Object exports) {
    auto * data = new AddonData();
    env.SetInstanceData<AddonData>(data);
    // Node waits for running work before an environment ends; a batch can take minutes, so it is told to stop.
    env.AddCleanupHook([](AddonData * ending) { ending->cancel_all(); }, data);

    data->task_handle = Napi::Persistent(TaskHandleWrap::define(env));
    data->model = Napi::Persistent(ModelWrap::define(env));
    data->scorer = Napi::Persistent(ScorerWrap::define(env));
    exports.Set("TaskHandle", data->task_handle.Value());
    define<ModelWrap::load>(exports, "loadModel");
    define<ScorerWrap::create>(exports, "createScorer");
    define<measure_compute>(exports, "measureCompute");
    define<measure_product>(exports, "measureProduct");
    define<measure_attention>(exports, "measureAttention");
    define<measure_upload>(exports, "measureUpload");
    define<measure_disk>(exports, "measureDisk");
    define<encode_tensors>(exports, "encodeTensors");
    define<quantize>(exports, "quantize");
    define<devices>(exports, "devices");
    define<backends>(exports, "backends");
    define<add_backend_folder>(exports, "addBackendFolder");
    define<opens_library>(exports, "opensLibrary");
    define<lock_file>(exports, "lockFile");
    define<drain_log>(exports, "drainLog");
    define<cancel_all>(exports, "cancelAll");
    define<llama_version>(exports, "llamaVersion");
    return exports;
}

}  // namespace inform::binding

Napi::Object init_addon(Napi::Env env, Napi::Object exports) {
    return inform::binding::init(env, exports);
}

NODE_API_MODULE(inform_score, init_addon)
