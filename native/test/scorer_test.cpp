#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "test/test.h"
#include "test/units.h"

namespace inform::test {

void test_scorer(const Fixture & fixture) {
    const auto & model = fixture.model;

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
        expect(score(scorer, make_batch({500, 10})) == score(fresh, make_batch({500, 10})),
               "the scores of a fresh scorer after cancelling");
    });

    test("scorers of one model and of two work side by side", [&] {
        const auto second = load(fixture.model_path);
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

    test("heads applied beside the next batch give what they give one after the other", [&] {
        const std::vector<SequenceBatch> batches = {make_batch({40, 7, 90}, 1), make_batch({300}, 2),
                                                    make_batch({5, 6, 7, 8}, 3), make_batch({64, 65}, 4)};
        Scorer reference(model, small_options());
        std::vector<std::vector<float>> expected;
        for (const SequenceBatch & batch : batches) {
            expected.push_back(score(reference, batch));
        }
        Scorer scorer(model, small_options());
        const std::atomic<bool> never{false};
        std::vector<std::vector<float>> found(batches.size());
        std::vector<std::thread> heads;
        for (size_t i = 0; i < batches.size(); i++) {
            heads.emplace_back(
                [&, i, states = scorer.compute(batches[i], never)] { found[i] = scorer.apply_head(states).rewards; });
        }
        for (auto & head : heads) {
            head.join();
        }
        expect(found == expected, "equal scores");
        expect(!scorer.leaves_cores_free(), "a CPU that computes the batches has no cores to spare");
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
}

}  // namespace inform::test
