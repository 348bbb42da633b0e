#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace inform {

// One backend of ggml that lies in a folder of ours as a module, "cuda" in libggml-cuda.so.
struct BackendModule {
    std::string name;
    std::string file;
    bool loaded;
    size_t devices;                    // the number it offers; 0 where it is not loaded
    std::string reason;                // what the loader or the backend said where there is no device, in its words
    std::vector<std::string> missing;  // shared libraries that it needs and that are nowhere to be found (Linux only)
};

// Loads ggml's CPU backend out of the first folder and every other module out of all of them. A module that does not
// load is no error: the result says why. Modules of one name are tried in the folders' order until one loads. Call
// once.
std::vector<BackendModule> load_backends(const std::vector<std::string> & folders);

}  // namespace inform
