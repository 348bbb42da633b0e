#include "engine/runtime/shared_library.h"

#include <filesystem>

#include "engine/runtime/elf.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace inform {

bool opens_library(const std::string & name) {
#ifdef _WIN32
    HMODULE handle = LoadLibraryExW(std::filesystem::u8path(name).c_str(), nullptr, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    if (handle) {
        FreeLibrary(handle);
    }
    return handle != nullptr;
#else
    void * handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (handle) {
        dlclose(handle);
    }
    return handle != nullptr;
#endif
}

std::vector<std::string> missing_libraries(const std::string & module) {
    std::vector<std::string> missing;
    const std::filesystem::path folder = std::filesystem::u8path(module).parent_path();
    for (const std::string & name : needed_libraries(module)) {
        // ggml's modules look beside themselves first; libggml-base is in this process already.
        if (!opens_library((folder / name).string()) && !opens_library(name)) {
            missing.push_back(name);
        }
    }
    return missing;
}

}  // namespace inform
