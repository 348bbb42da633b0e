#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/runtime/task_state.h"
#include "ggml.h"

namespace inform {

// What an adapter adds to a matrix: scale * B A, with B of the matrix's rows and A of its columns.
struct LowRank {
    std::string source;  // path of the adapter's weights
    uint64_t a_offset = 0;
    ggml_type a_type = GGML_TYPE_F32;  // F32, F16 or BF16, as b_type
    uint64_t b_offset = 0;
    ggml_type b_type = GGML_TYPE_F32;
    int64_t rank = 0;  // 0: nothing is added
    float scale = 1;
};

// One tensor on its way from a checkpoint's shard into a GGUF file. Both files hold little-endian rows of `columns`
// elements, one after the other.
struct EncodeJob {
    std::string name;        // the checkpoint's, for messages
    std::string source;      // path of the shard
    uint64_t source_offset;  // where the tensor starts, in bytes
    ggml_type source_type;   // F32, F16 or BF16
    std::string target;      // path of a file that exists
    uint64_t target_offset;  // in bytes
    ggml_type target_type;   // anything ggml can quantize to without an importance matrix
    int64_t rows;
    int64_t columns;    // a multiple of the target type's block size
    int64_t head_rows;  // rows of one attention head of q or k, which are interleaved; 0: rows stay in order
    float addend = 0;   // added to every value in F32: the norms of some checkpoints are stored less 1
    LowRank low_rank;   // added in F32, before the rows are interleaved
};

// Reads, converts and writes the tensors, in order, with `n_threads` threads that each take a piece of rows at a time,
// so that reading, quantizing and writing overlap. A thread holds one piece: about a million elements or the rows of
// one attention head, whichever is more, in the source's type, F32 and the target's type, and the A of an adapter.
//
// Rounds to nearest even; quantizes with ggml's own functions. Throws invalid_argument, invalid_checkpoint (a source
// that cannot be read, NaN or infinite values, values beyond the target's range), output_unwritable, aborted.
void encode_tensors(const std::vector<EncodeJob> & jobs, int n_threads, TaskState & state);

}  // namespace inform
