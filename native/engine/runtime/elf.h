#pragma once

#include <string>
#include <vector>

namespace inform {

// The shared libraries that a library names as its needs (DT_NEEDED), in its order; empty for a file that is not an ELF
// file of this machine's word size, and on systems without ELF.
//
// The system's loader stops at the first library that it does not find, and so never names the others.
std::vector<std::string> needed_libraries(const std::string & path);

}  // namespace inform
