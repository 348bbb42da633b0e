#include "engine/dry_load.h"

#include <cstdio>
#include <cstdlib>

#include "engine/error.h"
#include "engine/log.h"
#include "llama-cpp.h"

namespace inform {

namespace {

// No public function of llama.cpp v0.5.0 tells the sizes of the buffers of a context, its log does (llama-context.cpp,
// sched_reserve): "sched_reserve:      CUDA0 compute buffer size =  1234.56 MiB".
constexpr const char * line_text = " compute buffer size = ";

struct Buffer {
    std::string name;
    uint64_t bytes;
};

Buffer parse(const std::string & line) {
    const size_t at = line.find(line_text);
    const size_t before = line.find_last_of(' ', at - 1);
    const double mebibytes = std::strtod(line.c_str() + at + std::string(line_text).size(), nullptr);
    return {line.substr(before + 1, at - before - 1), static_cast<uint64_t>(mebibytes * 1024 * 1024)};
}

std::string buffer_name(const std::string & device) {
    return ggml_backend_buft_name(ggml_backend_dev_buffer_type(ggml_backend_dev_by_name(device.c_str())));
}

ComputeBuffers by_device(const std::vector<std::string> & lines, const std::vector<std::string> & devices) {
    ComputeBuffers buffers;
    buffers.devices.resize(devices.size());
    for (const std::string & line : lines) {
        const Buffer buffer = parse(line);
        uint64_t * where = &buffers.host;
        for (size_t i = 0; i < devices.size(); i++) {
            if (buffer_name(devices[i]) == buffer.name) {
                where = &buffers.devices[i];
            }
        }
        *where += buffer.bytes;
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
        LineCollector collector(line_text);
        const llama_context_ptr context(llama_init_from_model(model.get(), context_params(scorer)));
        if (!context || collector.lines().empty()) {
            throw EngineError(ErrorCode::out_of_memory, "llama.cpp could not say how much memory " +
                                                            std::to_string(scorer.context_tokens) + " context tokens take" +
                                                            errors.reason() + ".");
        }
        measured.push_back(by_device(collector.lines(), placement.devices));
    }
    return measured;
}

}  // namespace inform
