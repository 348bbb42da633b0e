// Any job for the tensor encoder over any bytes of a shard: sizes that do not fit the file, types that cannot be
// converted, offsets beyond everything. Every input ends in an EngineError or in a written tensor.
//
// An input: two types, then rows, columns, head rows and the two offsets as little-endian 64-bit numbers; then the
// shard.

#include <cstdint>
#include <cstring>

#include "engine/convert/tensor_encoder.h"
#include "engine/error.h"
#include "fuzz/memory_file.h"

using namespace inform;

namespace {

// Rows and columns that a file of this size cannot hold are refused by src/convert/safetensors.ts before any job is
// made.
constexpr int64_t max_elements = 1 << 13;  // IQ2_S takes a minute for 65,536 under the sanitizers
// What an enum up to GGML_TYPE_COUNT can hold in C++: some values beyond it, too.
constexpr int n_enum_values = 64;
static_assert(GGML_TYPE_COUNT <= n_enum_values);
// What is written lies in memory here.
constexpr uint64_t max_target_offset = 1 << 16;

template <typename T>
T take(const uint8_t *& data, size_t & size) {
    T value = 0;
    const size_t length = size < sizeof value ? size : sizeof value;
    std::memcpy(&value, data, length);
    data += length;
    size -= length;
    return value;
}

}  // namespace

// The tables of the IQ types take half a minute with the sanitizers, which the first input of each would be blamed for.
extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    for (int type = 0; type < GGML_TYPE_COUNT; ++type) {
        ggml_quantize_init(static_cast<ggml_type>(type));
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    static fuzz::MemoryFile source("shard.safetensors");
    static fuzz::MemoryFile target("model.gguf");
    EncodeJob job;
    job.name = "w";
    job.source = source.path();
    job.target = target.path();
    job.source_type = static_cast<ggml_type>(take<uint8_t>(data, size) % n_enum_values);
    job.target_type = static_cast<ggml_type>(take<uint8_t>(data, size) % n_enum_values);
    job.rows = take<int64_t>(data, size);
    job.columns = take<int64_t>(data, size);
    job.head_rows = take<int64_t>(data, size);
    job.source_offset = take<uint64_t>(data, size);
    job.target_offset = take<uint64_t>(data, size) % max_target_offset;
    const bool refused = job.rows < 1 || job.columns < 1;  // by the encoder
    if (!refused && (job.rows > max_elements || job.columns > max_elements / job.rows)) {
        return -1;  // not kept in the corpus
    }
    source.set(data, size);
    target.set(nullptr, 0);
    try {
        TaskState state;
        encode_tensors({job}, 1, state);
    } catch (const EngineError &) {
    }
    return 0;
}
