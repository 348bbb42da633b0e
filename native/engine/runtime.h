#pragma once

#include <string>

namespace inform {

// Loads ggml's backends from the folder of the addon and takes over the log. The first call counts; later ones, from
// any thread, wait for it and return. Nothing is ever unloaded: ggml keeps its registry until the process ends.
// Throws binary_not_found when no CPU backend lies there.
void start_runtime(const std::string & backend_dir);

}  // namespace inform
