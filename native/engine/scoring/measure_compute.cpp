#include "engine/scoring/measure_compute.h"

#include "engine/error.h"
#include "engine/runtime/devices.h"
#include "engine/runtime/log.h"
#include "llama-cpp.h"
#include "llama-ext.h"

namespace inform {

namespace {

// A device's own buffer type is its memory; all others, such as host memory that a GPU's driver allocates, count as the
// host's.
ComputeBuffers by_device(const llama_context * context, const std::vector<std::string> & devices) {
    ComputeBuffers buffers;
    buffers.devices.resize(devices.size());
    for (const auto & [buffer_type, memory] : llama_get_memory_breakdown(context)) {
        uint64_t * where = &buffers.host;
        for (size_t i = 0; i < devices.size(); i++) {
            if (ggml_backend_dev_buffer_type(device_by_name(devices[i])) == buffer_type) {
                where = &buffers.devices[i];
            }
        }
        *where += memory.compute;
    }
    return buffers;
}

}  // namespace

std::vector<ComputeBuffers> measure_compute(const std::string & path, const Placement & placement,
                                            const std::vector<ScorerOptions> & scorers) {
    ModelParams model_params(placement);
    model_params.params.no_alloc = true;
    model_params.params.load_mode = LLAMA_LOAD_MODE_NONE;  // llama.cpp maps nothing that it does not allocate

    ErrorCapture errors;
    llama_model_ptr model(llama_model_load_from_file(path.c_str(), model_params.params));
    if (!model) {
        throw EngineError(ErrorCode::model_load_failed, "llama.cpp could not read " + path + errors.reason() + ".");
    }
    std::vector<ComputeBuffers> measured;
    for (const ScorerOptions & scorer : scorers) {
        const llama_context_ptr context(llama_init_from_model(model.get(), context_params(scorer)));
        if (!context) {
            throw EngineError(ErrorCode::out_of_memory, "llama.cpp could not say how much memory " +
                                                            std::to_string(scorer.context_tokens) +
                                                            " context tokens take" + errors.reason() + ".");
        }
        measured.push_back(by_device(context.get(), placement.devices));
    }
    return measured;
}

}  // namespace inform
