#pragma once

#include <string>
#include <vector>

#include "engine/runtime/backends.h"

namespace inform {

// Names a folder of further backend modules, the user's own, for start_runtime to load too. It need not exist. Has no
// effect once the runtime has started. Any thread.
void add_backend_folder(const std::string & folder);

// The modules found when the runtime started, loaded or not. The runtime must have been started.
const std::vector<BackendModule> & backend_modules();

// Loads ggml's backends from the folder of the addon and takes over the log. The first call counts; later ones, from
// any thread, wait for it and return. Nothing is ever unloaded: ggml keeps its registry until the process ends.
// Throws binary_not_found when no CPU backend lies there.
void start_runtime(const std::string & backend_dir);

}  // namespace inform
