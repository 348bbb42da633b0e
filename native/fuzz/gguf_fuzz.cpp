// Any bytes as a GGUF file: its header, what the engine asks of a model before llama.cpp loads it, and a score head if
// it has one. Every input ends in an EngineError or in tables that fit the file; the sanitizers see to the rest.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "engine/error.h"
#include "engine/gguf/gguf_file.h"
#include "engine/gguf/model_header.h"
#include "engine/runtime/log.h"
#include "engine/scoring/score_head.h"
#include "fuzz/memory_file.h"

using namespace inform;

namespace {

constexpr int64_t n_embd = 32;  // the hidden size assumed for a file that holds a head only

void check_tensor(const GgufFile & file, const char * name) {
    const auto tensor = file.tensor(name);
    if (tensor && file.read(*tensor).size() != tensor->size) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    install_log_sink();  // what ggml's reader says about each input would take most of the time
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    static fuzz::MemoryFile memory("model.gguf");
    memory.set(data, size);
    try {
        const GgufFile file(memory.path());
        for (const char * name : {"cls.weight", "cls.bias", "cls.output.weight", "cls.output.bias", "a", ""}) {
            check_tensor(file, name);
        }
        for (const char * key : {"general.architecture", "general.alignment", "split.no", "inform.head.format", "a"}) {
            file.string(key);
            file.integer(key);
        }
        const ScoreHead head(file, file.has("llama.embedding_length") ? check_model_header(file) : n_embd);
    } catch (const EngineError &) {
    }
    return 0;
}
