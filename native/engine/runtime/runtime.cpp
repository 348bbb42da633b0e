#include "engine/runtime/runtime.h"

#include <algorithm>
#include <mutex>

#include "engine/error.h"
#include "engine/runtime/log.h"
#include "ggml-backend.h"
#include "llama.h"

namespace inform {

namespace {

std::mutex mutex;
bool started = false;
std::vector<std::string> further_folders;
std::vector<BackendModule> modules;

}  // namespace

void add_backend_folder(const std::string & folder) {
    std::lock_guard<std::mutex> lock(mutex);
    if (std::find(further_folders.begin(), further_folders.end(), folder) == further_folders.end()) {
        further_folders.push_back(folder);
    }
}

const std::vector<BackendModule> & backend_modules() {
    return modules;  // never changed after the start
}

void start_runtime(const std::string & backend_dir) {
    std::lock_guard<std::mutex> lock(mutex);
    if (started) {
        return;
    }
    install_log_sink();
    std::vector<std::string> folders = {backend_dir};
    folders.insert(folders.end(), further_folders.begin(), further_folders.end());
    modules = load_backends(folders);
    if (!ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) {
        throw EngineError(ErrorCode::binary_not_found, "No CPU backend of llama.cpp lies in " + backend_dir +
                                                           ". Build it again with: npm run build");
    }
    llama_backend_init();
    started = true;
}

}  // namespace inform
