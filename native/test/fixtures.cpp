#include "test/fixtures.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace inform::test {

namespace {

// Scores of the demo model spread over several units.
constexpr float rounding = 2e-2f;

}  // namespace

std::shared_ptr<const Model> load(const std::string & path) {
    TaskState state;
    ModelOptions options;
    options.path = path;
    return std::make_shared<const Model>(options, state);
}

ScorerOptions small_options() {
    ScorerOptions options;
    options.context_tokens = 1024;
    options.max_sequences = 8;
    options.micro_batch = 128;
    options.threads = 2;
    return options;
}

SequenceBatch make_batch(const std::vector<int32_t> & lengths, uint32_t seed) {
    SequenceBatch batch;
    batch.tails = lengths;
    batch.shared.assign(lengths.size(), 0);
    int32_t total = 0;
    for (int32_t length : lengths) {
        total += std::max(length, 0);
    }
    batch.tokens = Tokens(seed).take(total);
    return batch;
}

SequenceBatch make_batch(const std::vector<int32_t> & tokens, const std::vector<int32_t> & shared,
                         const std::vector<int32_t> & tails) {
    SequenceBatch batch;
    batch.tokens = tokens;
    batch.shared = shared;
    batch.tails = tails;
    return batch;
}

SequenceBatch front_coded(const std::vector<std::vector<int32_t>> & sequences) {
    SequenceBatch batch;
    for (size_t i = 0; i < sequences.size(); i++) {
        const auto & sequence = sequences[i];
        size_t shared = 0;
        while (i > 0 && shared + 1 < sequence.size() && shared < sequences[i - 1].size() &&
               sequence[shared] == sequences[i - 1][shared]) {
            shared++;
        }
        batch.shared.push_back(static_cast<int32_t>(shared));
        batch.tails.push_back(static_cast<int32_t>(sequence.size() - shared));
        batch.tokens.insert(batch.tokens.end(), sequence.begin() + shared, sequence.end());
    }
    return batch;
}

Evaluation evaluate(Scorer & scorer, const SequenceBatch & batch) {
    const std::atomic<bool> never{false};
    return scorer.score(batch, never);
}

std::vector<float> score(Scorer & scorer, const SequenceBatch & batch) {
    return evaluate(scorer, batch).rewards;
}

bool close_to(float a, float b) {
    return std::isfinite(a) && std::isfinite(b) && std::fabs(a - b) <= rounding;
}

}  // namespace inform::test
