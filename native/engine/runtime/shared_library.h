#pragma once

#include <string>
#include <vector>

namespace inform {

// Whether the system's loader finds and opens a shared library, by name or by path.
bool opens_library(const std::string & name);

// Those of a module's needed_libraries() that cannot be opened, in its order. ELF only: elsewhere always empty.
std::vector<std::string> missing_libraries(const std::string & module);

}  // namespace inform
