// The engine without Node, for the sanitizers: scripts/sanitize.mjs builds it with them and runs it on the demo model.
//
//   engine_tests BACKEND_DIR MODEL.gguf        the model may be the first shard of a split one
//
// Checks what scores must have in common whatever their values are, the limits, cancelling, and several scorers and
// models on several threads. What the values must be is the business of test/engine/ and its goldens.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/device_use.h"
#include "engine/devices.h"
#include "engine/error.h"
#include "engine/log.h"
#include "engine/model.h"
#include "engine/quantizer.h"
#include "engine/runtime.h"
#include "engine/scorer.h"
#include "engine/turns.h"

using namespace inform;

namespace {

int passed = 0;
int failed = 0;

void test(const char * name, const std::function<void()> & body) {
    try {
        body();
        passed++;
        std::printf("ok      %s\n", name);
    } catch (const std::exception & error) {
        failed++;
        std::printf("FAILED  %s: %s\n", name, error.what());
    }
}

void expect(bool condition, const std::string & what) {
    if (!condition) {
        throw std::runtime_error("expected: " + what);
    }
}

void expect_code(ErrorCode code, const std::function<void()> & body) {
    try {
        body();
    } catch (const EngineError & error) {
        expect(error.code() == code, std::string(error_code_text(code)) + ", not " + error_code_text(error.code()) + ": " +
                                         error.what());
        return;
    }
    throw std::runtime_error(std::string("expected an error: ") + error_code_text(code));
}

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
SequenceBatch make_batch(const std::vector<int32_t> & lengths, uint32_t seed = 1) {
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

// Front-coded, for a scorer that may share.
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

// Rounding differs with the cells in which a sequence lies; scores of the demo model spread over several units.
constexpr float rounding = 2e-2f;

bool close_to(float a, float b) {
    return std::isfinite(a) && std::isfinite(b) && std::fabs(a - b) <= rounding;
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: engine_tests BACKEND_DIR MODEL.gguf\n");
        return 2;
    }
    const std::string model_path = argv[2];

    test("the runtime starts, twice, and finds a CPU", [&] {
        start_runtime(argv[1]);
        start_runtime(argv[1]);
        expect(!list_devices().empty(), "a device");
    });

    const auto model = load(model_path);
    take_log();

    test("a scorer gives one finite score a sequence, equal when asked again", [&] {
        Scorer scorer(model, small_options());
        const SequenceBatch batch = make_batch({1, 2, 33, 128, 200});
        const auto first = score(scorer, batch);
        expect(first.size() == 5, "five scores");
        for (float value : first) {
            expect(std::isfinite(value), "finite scores");
        }
        expect(score(scorer, batch) == first, "equal scores the second time");
    });

    test("limits are refused before llama.cpp would abort", [&] {
        Scorer scorer(model, small_options());
        const auto refused = [&](const SequenceBatch & batch) {
            expect_code(ErrorCode::invalid_argument, [&] { score(scorer, batch); });
        };
        refused({});
        refused(make_batch({1}, {0}, {0}));
        refused(make_batch({1}, {0}, {-1}));
        refused(make_batch({1, 2}, {0}, {3}));
        refused(make_batch({1, 2}, {0}, {1}));
        refused(make_batch({-1}, {0}, {1}));
        refused(make_batch({model->n_vocab()}, {0}, {1}));
        refused(make_batch({1}, {1}, {1}));
        refused(make_batch({1}, {}, {1}));
        refused(make_batch({1, 2, 3}, {0, 3}, {2, 1}));
        refused(make_batch({1, 2, 3}, {0, -1}, {2, 1}));
        refused(make_batch({1, 2}, {0, 0}, {1, std::numeric_limits<int32_t>::max()}));
        refused(make_batch(std::vector<int32_t>(9, 1)));
        refused(make_batch({1025}));
        refused(make_batch({512, 513}));
        expect(score(scorer, make_batch({1024})).size() == 1, "a batch at the limit is scored");
    });

    test("sequences that share prefixes score as they do alone, and each prefix is computed once", [&] {
        Scorer alone(model, small_options());
        Scorer sharing(model, small_options());
        Tokens random(7);
        for (int round = 0; round < 12; round++) {
            // Each sequence goes on from a random place of the one before, as in a walk through a trie.
            std::vector<std::vector<int32_t>> sequences;
            const int count = 1 + static_cast<int>(random.below(8));
            for (int i = 0; i < count; i++) {
                std::vector<int32_t> sequence;
                if (i > 0) {
                    sequence.assign(sequences.back().begin(),
                                    sequences.back().begin() + random.below(static_cast<uint32_t>(sequences.back().size()) + 1));
                }
                for (int32_t token : random.take(1 + static_cast<int32_t>(random.below(100)))) {
                    sequence.push_back(token);
                }
                sequences.push_back(sequence);
            }
            const SequenceBatch batch = front_coded(sequences);
            expect(batch.sequences() == sequences && batch.last_sequence() == sequences.back(), "the sequences again, in full");
            const Evaluation together = evaluate(sharing, batch);
            expect(together.computed_tokens == static_cast<int64_t>(batch.tokens.size()), "every token of the batch once");
            for (int i = 0; i < count; i++) {
                SequenceBatch one = front_coded({sequences[i]});
                one.reuse = false;
                expect(close_to(together.rewards[i], score(alone, one).front()), "the reward it has alone");
            }
        }
    });

    test("what the batch before left is used, whatever it was, and only where it may be", [&] {
        Scorer scorer(model, small_options());
        Scorer fresh(model, small_options());
        Tokens random(8);
        const auto prompt = random.take(160);
        const auto with = [&](int32_t length) {
            auto sequence = prompt;
            for (int32_t token : random.take(length)) {
                sequence.push_back(token);
            }
            return sequence;
        };
        const auto expect_computed = [&](const std::vector<std::vector<int32_t>> & sequences, int64_t computed, bool reuse = true) {
            SequenceBatch batch = front_coded(sequences);
            batch.reuse = reuse;
            const Evaluation found = evaluate(scorer, batch);
            expect(found.computed_tokens == computed, std::to_string(computed) + " tokens computed, not " +
                                                          std::to_string(found.computed_tokens));
            batch.reuse = false;
            const auto expected = score(fresh, batch);
            for (size_t i = 0; i < expected.size(); i++) {
                expect(close_to(found.rewards[i], expected[i]), "the reward of a fresh scorer");
            }
        };
        const auto last = with(90);
        expect_computed({with(70), with(15), last}, 160 + 70 + 15 + 90);
        expect_computed({last}, 64);                                       // its output, in a micro-batch of a good size
        expect_computed({with(50), with(66)}, 50 + 66);                    // the prompt stayed
        expect_computed({with(5), with(6)}, 64);                           // all but a good size of it
        expect_computed({random.take(30), random.take(30)}, 60);           // nothing in common
        expect_computed({prompt, with(7)}, 160 + 7);
        auto shorter = prompt;
        shorter.resize(40);
        expect_computed({with(80), shorter}, 80 + 1);                      // the second is a prefix of what stayed
        expect_computed({with(4)}, 120 + 4);                               // of which 40 tokens stayed
        expect_computed({with(4)}, 164, /*reuse=*/false);
        // As many sequences as there are ids, again and again: each batch goes on from the last one's id.
        for (int round = 0; round < 4; round++) {
            std::vector<std::vector<int32_t>> sequences;
            for (int i = 0; i < 8; i++) {
                sequences.push_back(with(10));
            }
            expect_computed(sequences, 80);
        }
    });

    test("a full cache is used to its last cell", [&] {
        Scorer scorer(model, small_options());
        Tokens random(9);
        auto first = random.take(1000);
        expect(evaluate(scorer, front_coded({first})).computed_tokens == 1000, "1000 tokens");
        std::vector<std::vector<int32_t>> sequences;
        for (int i = 0; i < 4; i++) {
            auto sequence = first;
            sequence.resize(900);
            for (int32_t token : random.take(31)) {
                sequence.push_back(token);
            }
            sequences.push_back(sequence);
        }
        expect(evaluate(scorer, front_coded(sequences)).computed_tokens == 4 * 31, "900 stay, 124 come: 1024 cells");
    });

    test("a deterministic scorer gives the same bits whatever came before", [&] {
        ScorerOptions options = small_options();
        options.deterministic = true;
        Scorer scorer(model, options);
        Tokens random(10);
        const auto prompt = random.take(300);
        int64_t saved = 0;
        for (int round = 0; round < 10; round++) {
            auto sequence = prompt;
            sequence.resize(random.below(300) + 1);
            for (int32_t token : random.take(1 + static_cast<int32_t>(random.below(200)))) {
                sequence.push_back(token);
            }
            const Evaluation warm = evaluate(scorer, front_coded({sequence}));
            Scorer fresh(model, options);
            const Evaluation cold = evaluate(fresh, front_coded({sequence}));
            expect(warm.rewards == cold.rewards, "equal bits");
            saved += cold.computed_tokens - warm.computed_tokens;
            expect((cold.computed_tokens - warm.computed_tokens) % options.micro_batch == 0, "whole micro-batches stay");
        }
        expect(saved > 0, "something to be shared");
        expect_code(ErrorCode::invalid_argument, [&] { score(scorer, make_batch({5, 5})); });
    });

    test("turns are kept, and one that is given up holds nobody up", [&] {
        Turns turns;
        std::vector<int> order;
        std::mutex mutex;
        auto first = turns.take();
        auto second = turns.take();
        auto third = turns.take();
        const auto job = [&](std::shared_ptr<const Turns::Turn> turn, int number) {
            turn->wait();
            const std::lock_guard lock(mutex);
            order.push_back(number);
        };
        std::thread c(job, std::move(third), 3);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::thread a(job, std::move(first), 1);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        {
            const std::lock_guard lock(mutex);
            expect(order == std::vector<int>{1}, "the third still waits");
        }
        second.reset();
        a.join();
        c.join();
        expect((order == std::vector<int>{1, 3}), "the third after the second was given up");
    });

    test("work that must be alone on its devices meets no other such work, but what has no devices goes on", [&] {
        std::atomic<bool> entered{false};
        const auto enters = [&](Overlap overlap) {
            entered = false;
            return std::thread([&, overlap] {
                const DeviceUse use(overlap);
                entered = true;
            });
        };
        const auto waits = [&](Overlap held, Overlap wanted) {
            std::thread other;
            bool early;
            {
                const DeviceUse use(held);
                other = enters(wanted);
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                early = entered;
            }
            other.join();
            return !early && entered;
        };
        expect(waits(Overlap::alone, Overlap::alone), "alone waits for alone");
        expect(waits(Overlap::alone, Overlap::shared), "shared waits for alone");
        expect(waits(Overlap::shared, Overlap::alone), "alone waits for shared");
        expect(!waits(Overlap::shared, Overlap::shared), "shared goes along with shared");
        const DeviceUse use(Overlap::alone);
        enters(Overlap::any).join();
        expect(overlap_on({}) == Overlap::any && overlap_on({"CPU"}) == Overlap::any, "the CPU is free");
        expect_code(ErrorCode::invalid_argument, [] { overlap_on({"GPU9"}); });
    });

    test("options out of range are refused", [&] {
        for (const auto & change : std::vector<std::function<void(ScorerOptions &)>>{
                 [](ScorerOptions & o) { o.max_sequences = 0; }, [](ScorerOptions & o) { o.max_sequences = 257; },
                 [](ScorerOptions & o) { o.context_tokens = 0; }, [](ScorerOptions & o) { o.micro_batch = 0; },
                 [](ScorerOptions & o) { o.threads = 0; }}) {
            ScorerOptions options = small_options();
            change(options);
            expect_code(ErrorCode::invalid_argument, [&] { Scorer scorer(model, options); });
        }
    });

    test("a set flag cancels, before and during, and the scorer goes on", [&] {
        Scorer scorer(model, small_options());
        std::atomic<bool> cancelled{true};
        expect_code(ErrorCode::aborted, [&] { scorer.score(make_batch({10}), cancelled); });
        cancelled = false;
        std::thread other([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            cancelled = true;
        });
        try {
            while (true) {
                scorer.score(make_batch({500, 500}), cancelled);
            }
        } catch (const EngineError & error) {
            other.join();
            expect(error.code() == ErrorCode::aborted, "aborted");
        }
        Scorer fresh(model, small_options());
        expect(score(scorer, make_batch({500, 10})) == score(fresh, make_batch({500, 10})), "the scores of a fresh scorer after cancelling");
    });

    test("loading can be cancelled", [&] {
        TaskState state;
        state.cancelled = true;
        ModelOptions options;
        options.path = model_path;
        expect_code(ErrorCode::aborted, [&] { Model cancelled(options, state); });
    });

    test("scorers of one model and of two work side by side", [&] {
        const auto second = load(model_path);
        const SequenceBatch batch = make_batch({40, 7, 90});
        Scorer reference(model, small_options());
        const auto expected = score(reference, batch);
        std::atomic<int> wrong{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; t++) {
            threads.emplace_back([&, t] {
                Scorer scorer(t % 2 ? second : model, small_options());
                for (int i = 0; i < 3; i++) {
                    wrong += score(scorer, batch) != expected;
                }
                model->tokenize("Tokenized <|eot_id|> beside it", t % 2);
            });
        }
        for (auto & thread : threads) {
            thread.join();
        }
        expect(wrong == 0, "equal scores on every thread");
    });

    test("special tokens are parsed only when asked to", [&] {
        expect(model->tokenize("<|eot_id|>", true).size() == 1, "one token when parsed");
        expect(model->tokenize("<|eot_id|>", false).size() > 1, "several when not");
        expect(model->tokenize("", true).empty(), "none for an empty text");
        expect(model->tokenize(std::string("a\0b", 3), true) != model->tokenize("a", true), "a NUL does not end the text");
    });

    test("a quantized copy keeps the head and scores; what is wrong is told", [&] {
        const std::string output =
            (std::filesystem::temp_directory_path() / ("inform-engine-tests-" + std::to_string(std::random_device{}()) + ".gguf")).string();
        QuantizeOptions options;
        options.input = model_path;
        options.output = output;
        options.file_type = LLAMA_FTYPE_MOSTLY_Q4_K_M;
        options.threads = 2;
        options.dry_run = true;
        quantize_model(options);
        expect(!std::filesystem::exists(output), "a dry run writes nothing");

        options.dry_run = false;
        options.importance = {{"blk.0.attn_q.weight", std::vector<float>(model->n_embd(), 0.5f)}};
        options.metadata = {{"quantize.imatrix.file", std::string("a")}, {"quantize.imatrix.entries_count", uint32_t(1)}};
        quantize_model(options);
        const GgufFile before(model_path);
        const GgufFile after(output);
        expect(after.string("quantize.imatrix.file") == "a" && after.integer("quantize.imatrix.entries_count") == 1,
               "the metadata");
        expect(after.read(*after.tensor("cls.weight")) == before.read(*before.tensor("cls.weight")), "the head's bytes");
        Scorer scorer(load(output), small_options());
        expect(std::isfinite(score(scorer, make_batch({20}))[0]), "a finite score");

        options.importance[0].values.pop_back();
        expect_code(ErrorCode::quantize_failed, [&] { quantize_model(options); });
        options.importance.clear();
        options.metadata = {{"key", std::string(128, 'x')}};
        expect_code(ErrorCode::invalid_argument, [&] { quantize_model(options); });
        std::filesystem::remove(output);
    });

    test("a missing file and a folder are named", [&] {
        expect_code(ErrorCode::model_not_found, [&] { load(model_path + ".missing"); });
        expect_code(ErrorCode::model_not_found, [&] { load(argv[1]); });
        expect_code(ErrorCode::invalid_model_file, [&] { load(argv[0]); });
    });

    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
