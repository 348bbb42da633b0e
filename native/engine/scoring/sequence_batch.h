#pragma once

#include <cstdint>
#include <vector>

#include "llama.h"

namespace inform {

// Sequences to score, front-coded, so that a prefix that neighbours share stands here, and is computed, once: sequence
// i is the first shared[i] tokens of sequence i - 1, followed by tails[i] tokens of its own.
struct SequenceBatch {
    std::vector<int32_t> tokens;  // the tails, one after the other
    std::vector<int32_t> shared;  // shared[0] is 0
    std::vector<int32_t> tails;   // each at least 1: a sequence's last token, which is its output, is its own
    bool reuse = true;            // whether the first sequence may use what the batch before left in the cache

    int32_t size() const { return static_cast<int32_t>(tails.size()); }
    int32_t length(int32_t sequence) const { return shared[sequence] + tails[sequence]; }

    // Every sequence in full, front coding undone.
    std::vector<std::vector<int32_t>> sequences() const;
    std::vector<int32_t> last_sequence() const;
};

// A SequenceBatch as llama.cpp takes it. A token that several sequences share is given once, with all their ids; only
// the last token of each sequence is an output. Borrows nothing; view() borrows from it.
class DecodeBatch {
public:
    // ids: one sequence id for each sequence. resident: leading tokens of the first sequence that are in the cache.
    DecodeBatch(const SequenceBatch & batch, int32_t resident, std::vector<llama_seq_id> ids);
    DecodeBatch(const DecodeBatch &) = delete;  // its pointers lead into itself
    DecodeBatch & operator=(const DecodeBatch &) = delete;

    int32_t n_tokens() const { return static_cast<int32_t>(tokens_.size()); }
    // Some of its tokens, in order.
    llama_batch view(int32_t first, int32_t count);

private:
    std::vector<llama_token> tokens_;
    std::vector<llama_pos> positions_;
    std::vector<int32_t> id_counts_;
    std::vector<llama_seq_id> ids_;
    std::vector<llama_seq_id *> id_pointers_;
    std::vector<int8_t> outputs_;
};

}  // namespace inform
