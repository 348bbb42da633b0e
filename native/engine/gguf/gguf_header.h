#pragma once

#include <cstdint>
#include <istream>
#include <string>

namespace inform {

// Walks through the header of a GGUF file before ggml's reader does, which takes a file at its word: it compares every
// key and name with all before it, however many there are, makes room for whatever an array says it has, and does not
// notice when the number of a tensor's elements wraps around.
//
// Bounds are those of src/gguf/reader.ts but for two: at most 65,536 tensors (there 131,072) and 16,384 metadata values
// (there 65,536), because the time that ggml's reader takes grows with the square of each.
//
// `file` stands at its first byte and has `file_size` of them. Returns what is wrong, the end of a sentence about the
// file;
// "" where nothing is.
std::string gguf_header_problem(std::istream & file, uint64_t file_size);

}  // namespace inform
