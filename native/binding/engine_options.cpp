#include "binding/engine_options.h"

#include "binding/convert.h"

namespace inform::binding {

namespace {

llama_split_mode to_split_mode(const std::string & name) {
    return name == "row" ? LLAMA_SPLIT_MODE_ROW : name == "none" ? LLAMA_SPLIT_MODE_NONE : LLAMA_SPLIT_MODE_LAYER;
}

}  // namespace

Placement to_placement(const Napi::Value & value) {
    const Properties object(value);
    Placement placement;
    placement.devices = to_strings(object.get("devices"));
    placement.shares = to_vector(object.get("shares"),
                                 [](const Napi::Value & share) { return share.As<Napi::Number>().FloatValue(); });
    placement.split_mode = to_split_mode(object.text("splitMode"));
    placement.gpu_layers = object.int32("gpuLayers");
    placement.streamed_tensors = object.text("streamedTensors");
    placement.pinned = object.flag("pinned");
    placement.repacked = object.flag("repacked");
    return placement;
}

ScorerOptions to_scorer_options(const Napi::Value & value) {
    const Properties object(value);
    ScorerOptions options;
    options.context_tokens = object.int32("contextTokens");
    options.max_sequences = object.int32("maxSequences");
    options.micro_batch = object.int32("microBatch");
    options.threads = object.int32("threads");
    options.flash_attention = object.flag("flashAttention");
    options.f32_kv = object.flag("f32Kv");
    options.deterministic = object.flag("deterministic");
    options.activations = to_activations(object.text("activations"));
    options.op_offload = object.flag("opOffload");
    return options;
}

}  // namespace inform::binding
