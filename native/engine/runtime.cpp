#include "engine/runtime.h"

#include <mutex>

#include "engine/error.h"
#include "engine/log.h"
#include "ggml-backend.h"
#include "llama.h"

namespace inform {

void start_runtime(const std::string & backend_dir) {
    static std::mutex mutex;
    static bool started = false;
    std::lock_guard<std::mutex> lock(mutex);
    if (started) {
        return;
    }
    install_log_sink();
    ggml_backend_load_all_from_path(backend_dir.c_str());
    if (!ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) {
        throw EngineError(ErrorCode::binary_not_found,
                          "No CPU backend of llama.cpp lies in " + backend_dir + ". Build it again with: npm run build");
    }
    llama_backend_init();
    started = true;
}

}  // namespace inform
