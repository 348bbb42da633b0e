// What the fuzzed code links to of llama.cpp's larger libraries, so that those need not be built with sanitizers.

#include <cstdio>

#include "engine/runtime/devices.h"
#include "ggml-backend.h"
#include "llama.h"

void llama_log_set(ggml_log_callback callback, void * user_data) {
    ggml_log_set(callback, user_data);
}

// As in llama.cpp (src/llama.cpp).
int32_t llama_split_path(char * path, size_t size, const char * prefix, int32_t no, int32_t count) {
    const int length = std::snprintf(path, size, "%s-%05d-of-%05d.gguf", prefix, no + 1, count);
    return length >= 0 && static_cast<size_t>(length) < size ? length : 0;
}

// Heads are loaded here, not applied.
ggml_backend_dev_t ggml_backend_dev_by_type(enum ggml_backend_dev_type) {
    return nullptr;
}

namespace inform {

ggml_backend_ptr start_backend(ggml_backend_dev_t, int) {
    return nullptr;
}

}  // namespace inform
