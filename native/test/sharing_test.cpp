#include <string>
#include <vector>

#include "test/test.h"
#include "test/units.h"

namespace inform::test {

void test_sharing(const Fixture & fixture) {
    const auto & model = fixture.model;

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
                                    sequences.back().begin() +
                                        random.below(static_cast<uint32_t>(sequences.back().size()) + 1));
                }
                for (int32_t token : random.take(1 + static_cast<int32_t>(random.below(100)))) {
                    sequence.push_back(token);
                }
                sequences.push_back(sequence);
            }
            const SequenceBatch batch = front_coded(sequences);
            expect(batch.sequences() == sequences && batch.last_sequence() == sequences.back(),
                   "the sequences again, in full");
            const Evaluation together = evaluate(sharing, batch);
            expect(together.computed_tokens == static_cast<int64_t>(batch.tokens.size()),
                   "every token of the batch once");
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
        const auto expect_computed = [&](const std::vector<std::vector<int32_t>> & sequences, int64_t computed,
                                         bool reuse = true) {
            SequenceBatch batch = front_coded(sequences);
            batch.reuse = reuse;
            const Evaluation found = evaluate(scorer, batch);
            expect(found.computed_tokens == computed,
                   std::to_string(computed) + " tokens computed, not " + std::to_string(found.computed_tokens));
            batch.reuse = false;
            const auto expected = score(fresh, batch);
            for (size_t i = 0; i < expected.size(); i++) {
                expect(close_to(found.rewards[i], expected[i]), "the reward of a fresh scorer");
            }
        };
        const auto last = with(90);
        expect_computed({with(70), with(15), last}, 160 + 70 + 15 + 90);
        expect_computed({last}, 64);                              // its output, in a micro-batch of a good size
        expect_computed({with(50), with(66)}, 50 + 66);           // the prompt stayed
        expect_computed({with(5), with(6)}, 64);                  // all but a good size of it
        expect_computed({random.take(30), random.take(30)}, 60);  // nothing in common
        expect_computed({prompt, with(7)}, 160 + 7);
        auto shorter = prompt;
        shorter.resize(40);
        expect_computed({with(80), shorter}, 80 + 1);  // the second is a prefix of what stayed
        expect_computed({with(4)}, 120 + 4);           // 40 tokens of the prompt stayed
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
            expect((cold.computed_tokens - warm.computed_tokens) % options.micro_batch == 0,
                   "whole micro-batches stay");
        }
        expect(saved > 0, "something to be shared");
        expect_code(ErrorCode::invalid_argument, [&] { score(scorer, make_batch({5, 5})); });
    });
}

}  // namespace inform::test
