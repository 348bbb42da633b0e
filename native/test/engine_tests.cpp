// The engine without Node, for the sanitizers: scripts/sanitize.mjs builds it with them and runs it on the demo model.
//
//   engine_tests BACKEND_DIR MODEL.gguf        the model may be the first shard of a split one
//
// Checks what scores must have in common whatever their values are, the limits, cancelling, and several scorers and
// models on several threads. What the values must be is the business of test/engine/ and its goldens.

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/devices.h"
#include "engine/error.h"
#include "engine/log.h"
#include "engine/model.h"
#include "engine/quantizer.h"
#include "engine/runtime.h"
#include "engine/scorer.h"

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

// Sequences of the given lengths; token ids from a fixed linear congruential generator.
SequenceBatch make_batch(const std::vector<int32_t> & lengths, uint32_t seed = 1) {
    SequenceBatch batch;
    batch.lengths = lengths;
    for (int32_t length : lengths) {
        for (int32_t i = 0; i < length; i++) {
            seed = seed * 1664525u + 1013904223u;
            batch.tokens.push_back(static_cast<int32_t>(seed >> 8) % 100000);
        }
    }
    return batch;
}

std::vector<float> score(Scorer & scorer, const SequenceBatch & batch) {
    const std::atomic<bool> never{false};
    return scorer.score(batch, never);
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
        refused({{}, {}});
        refused({{1}, {0}});
        refused({{1}, {-1}});
        refused({{1, 2}, {3}});
        refused({{-1}, {1}});
        refused({{model->n_vocab()}, {1}});
        refused(make_batch(std::vector<int32_t>(9, 1)));
        refused(make_batch({1025}));
        refused(make_batch({512, 513}));
        expect(score(scorer, make_batch({1024})).size() == 1, "a batch at the limit is scored");
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
        expect(score(scorer, make_batch({10})).size() == 1, "a score after cancelling");
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
