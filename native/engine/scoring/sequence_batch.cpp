#include "engine/scoring/sequence_batch.h"

#include <algorithm>

namespace inform {

namespace {

// Undoes the front coding: passes each sequence in full to `use`, in order, and returns the last one.
template <typename Use>
std::vector<int32_t> expand(const SequenceBatch & batch, Use use) {
    std::vector<int32_t> sequence;
    auto tail = batch.tokens.begin();
    for (int32_t i = 0; i < batch.size(); i++) {
        sequence.resize(batch.shared[i]);
        sequence.insert(sequence.end(), tail, tail + batch.tails[i]);
        tail += batch.tails[i];
        use(sequence);
    }
    return sequence;
}

}  // namespace

std::vector<std::vector<int32_t>> SequenceBatch::sequences() const {
    std::vector<std::vector<int32_t>> all;
    all.reserve(size());
    expand(*this, [&all](const std::vector<int32_t> & sequence) { all.push_back(sequence); });
    return all;
}

std::vector<int32_t> SequenceBatch::last_sequence() const {
    return expand(*this, [](const std::vector<int32_t> &) {});
}

DecodeBatch::DecodeBatch(const SequenceBatch & batch, int32_t resident, std::vector<llama_seq_id> ids)
    : tokens_(batch.tokens.begin() + resident, batch.tokens.end()), ids_(std::move(ids)) {
    const size_t n = tokens_.size();
    positions_.reserve(n);
    outputs_.reserve(n);
    id_counts_.reserve(n);
    id_pointers_.reserve(n);
    for (int32_t i = 0; i < batch.size(); i++) {
        const int32_t first = i == 0 ? resident : batch.shared[i];
        const int32_t length = batch.length(i);
        // The sequences from i to before `end` have the tokens below `limit` in common. From the last position down,
        // more and more of the sequences that follow share a token, so that the ids of each are a range.
        int32_t end = i + 1;
        int32_t limit = end < batch.size() ? batch.shared[end] : 0;
        id_counts_.resize(id_counts_.size() + length - first);
        int32_t * counts = id_counts_.data() + id_counts_.size() - (length - first);
        for (int32_t position = length - 1; position >= first; position--) {
            while (end < batch.size() && limit > position) {
                end++;
                limit = end < batch.size() ? std::min(limit, batch.shared[end]) : 0;
            }
            counts[position - first] = end - i;
        }
        for (int32_t position = first; position < length; position++) {
            positions_.push_back(position);
            outputs_.push_back(position == length - 1);
            id_pointers_.push_back(&ids_[i]);
        }
    }
}

llama_batch DecodeBatch::view(int32_t first, int32_t count) {
    return {count,
            tokens_.data() + first,
            nullptr,
            positions_.data() + first,
            id_counts_.data() + first,
            id_pointers_.data() + first,
            outputs_.data() + first};
}

}  // namespace inform
