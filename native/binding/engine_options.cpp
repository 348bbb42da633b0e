#include "binding/engine_options.h"

namespace inform::binding {

namespace {

llama_split_mode to_split_mode(const std::string & name) {
    return name == "row" ? LLAMA_SPLIT_MODE_ROW : name == "none" ? LLAMA_SPLIT_MODE_NONE : LLAMA_SPLIT_MODE_LAYER;
}

}  // namespace

Placement to_placement(const Napi::Object & object) {
    Placement placement;
    const Napi::Array devices = object.Get("devices").As<Napi::Array>();
    for (uint32_t i = 0; i < devices.Length(); i++) {
        placement.devices.push_back(devices.Get(i).As<Napi::String>());
    }
    const Napi::Array shares = object.Get("shares").As<Napi::Array>();
    for (uint32_t i = 0; i < shares.Length(); i++) {
        placement.shares.push_back(shares.Get(i).As<Napi::Number>());
    }
    placement.split_mode = to_split_mode(object.Get("splitMode").As<Napi::String>());
    placement.gpu_layers = object.Get("gpuLayers").As<Napi::Number>();
    placement.streamed_layers = object.Get("streamedLayers").As<Napi::Number>();
    placement.pinned = object.Get("pinned").As<Napi::Boolean>();
    return placement;
}

ScorerOptions to_scorer_options(const Napi::Object & object) {
    const auto number = [&object](const char * key) { return object.Get(key).As<Napi::Number>().Int32Value(); };
    ScorerOptions options;
    options.context_tokens = number("contextTokens");
    options.max_sequences = number("maxSequences");
    options.micro_batch = number("microBatch");
    options.threads = number("threads");
    options.flash_attention = object.Get("flashAttention").As<Napi::Boolean>();
    options.f32_kv = object.Get("f32Kv").As<Napi::Boolean>();
    options.deterministic = object.Get("deterministic").As<Napi::Boolean>();
    options.op_offload = object.Get("opOffload").As<Napi::Boolean>();
    return options;
}

}  // namespace inform::binding
