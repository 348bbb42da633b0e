#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/scoring/model.h"
#include "engine/scoring/scorer.h"
#include "engine/scoring/sequence_batch.h"

namespace inform::test {

// What the program was started with, and the model.
struct Fixture {
    std::string program;
    std::string backend_dir;
    std::string model_path;
    bool measures_speed;
    std::shared_ptr<const Model> model;
};

std::shared_ptr<const Model> load(const std::string & path);

// A scorer's options: 1024 context tokens, 8 sequences, micro-batches of 128.
ScorerOptions small_options();

// Token ids from a fixed linear congruential generator.
class Tokens {
public:
    explicit Tokens(uint32_t seed) : state_(seed) {}

    uint32_t below(uint32_t bound) {
        state_ = state_ * 1664525u + 1013904223u;
        return (state_ >> 8) % bound;
    }

    std::vector<int32_t> take(int32_t count) {
        std::vector<int32_t> tokens(count);
        for (int32_t & token : tokens) {
            token = static_cast<int32_t>(below(100000));
        }
        return tokens;
    }

private:
    uint32_t state_;
};

// Sequences of the given lengths that share nothing.
SequenceBatch make_batch(const std::vector<int32_t> & lengths, uint32_t seed = 1);
SequenceBatch make_batch(const std::vector<int32_t> & tokens, const std::vector<int32_t> & shared,
                         const std::vector<int32_t> & tails);

// Sequences front-coded, for a scorer that may share.
SequenceBatch front_coded(const std::vector<std::vector<int32_t>> & sequences);

Evaluation evaluate(Scorer & scorer, const SequenceBatch & batch);
std::vector<float> score(Scorer & scorer, const SequenceBatch & batch);

// Whether two scores are finite and differ by rounding at most, which depends on the cells in which a sequence lies.
bool close_to(float a, float b);

}  // namespace inform::test
