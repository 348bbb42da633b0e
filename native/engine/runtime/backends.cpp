#include "engine/runtime/backends.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "engine/runtime/log.h"
#include "engine/runtime/shared_library.h"
#include "ggml-backend.h"

namespace inform {

namespace {

namespace fs = std::filesystem;

// ggml's own naming of modules, on macOS too.
#ifdef _WIN32
const std::string prefix = "ggml-";
const std::string suffix = ".dll";
#else
const std::string prefix = "libggml-";
const std::string suffix = ".so";
#endif

// "cuda" of libggml-cuda.so; nothing for other files, for ggml's core and for the CPU's variants, which ggml chooses.
std::optional<std::string> gpu_module_name(const fs::path & path) {
    const std::string file = path.filename().u8string();
    if (file.size() <= prefix.size() + suffix.size() || file.compare(0, prefix.size(), prefix) != 0 ||
        file.compare(file.size() - suffix.size(), suffix.size(), suffix) != 0) {
        return std::nullopt;
    }
    const std::string name = file.substr(prefix.size(), file.size() - prefix.size() - suffix.size());
    if (name == "base" || name == "cpu" || name.compare(0, 4, "cpu-") == 0) {
        return std::nullopt;
    }
    return name;
}

std::vector<fs::path> modules_in(const std::string & folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(fs::u8path(folder), error), end; !error && entry != end; entry.increment(error)) {
        if (gpu_module_name(entry->path())) {
            found.push_back(entry->path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

// ggml knows which module it has loaded already and answers with the same backend again.
BackendModule load_module(const fs::path & path) {
    BackendModule module{*gpu_module_name(path), path.u8string(), false, 0, "", {}};
    ErrorCapture errors;
    ggml_backend_reg_t backend = ggml_backend_load(module.file.c_str());
    if (backend) {
        module.loaded = true;
        module.devices = ggml_backend_reg_dev_count(backend);
    } else {
        module.missing = missing_libraries(module.file);
    }
    if (module.devices == 0) {
        module.reason = errors.lines();
    }
    return module;
}

}  // namespace

std::vector<BackendModule> load_backends(const std::vector<std::string> & folders) {
    ErrorCapture first_errors;  // a backend looks for its devices once, when ggml loads it here
    ggml_backend_load_all_from_path(folders.front().c_str());
    std::vector<BackendModule> modules;
    for (const std::string & folder : folders) {
        for (const fs::path & path : modules_in(folder)) {
            const std::string name = *gpu_module_name(path);
            const bool have = std::any_of(modules.begin(), modules.end(), [&](const BackendModule & module) {
                return module.name == name && module.loaded;
            });
            if (!have) {
                modules.push_back(load_module(path));
                if (modules.back().loaded && modules.back().devices == 0 && modules.back().reason.empty()) {
                    modules.back().reason = first_errors.lines();
                }
            }
        }
    }
    return modules;
}

}  // namespace inform
