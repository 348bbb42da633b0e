#pragma once

#include <cstdint>

#include "engine/gguf/gguf_file.h"

namespace inform {

// Refuses a file of an architecture that cannot be scored, and one whose metadata or tensor types would make llama.cpp
// abort the process, now or in the first evaluation, instead of failing. Returns the hidden size.
//
// Throws unsupported_model, invalid_model_file.
int64_t check_model_header(const GgufFile & file);

}  // namespace inform
