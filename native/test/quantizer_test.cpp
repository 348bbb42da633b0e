#include <cmath>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "engine/convert/quantizer.h"
#include "engine/gguf/gguf_file.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

void test_quantizer(const Fixture & fixture) {
    const auto & model = fixture.model;

    test("a quantized copy keeps the head and scores; what is wrong is told", [&] {
        const std::string output = (std::filesystem::temp_directory_path() /
                                    ("inform-engine-tests-" + std::to_string(std::random_device{}()) + ".gguf"))
                                       .string();
        QuantizeOptions options;
        options.input = fixture.model_path;
        options.output = output;
        options.file_type = LLAMA_FTYPE_MOSTLY_Q4_K_M;
        options.threads = 2;
        options.dry_run = true;
        quantize_model(options);
        expect(!std::filesystem::exists(output), "a dry run writes nothing");

        options.dry_run = false;
        options.importance = {{"blk.0.attn_q.weight", std::vector<float>(model->n_embd(), 0.5f)}};
        options.metadata = {{"quantize.imatrix.file", std::string("a")},
                            {"quantize.imatrix.entries_count", uint32_t(1)}};
        quantize_model(options);
        const GgufFile before(fixture.model_path);
        const GgufFile after(output);
        expect(after.string("quantize.imatrix.file") == "a" && after.integer("quantize.imatrix.entries_count") == 1,
               "the metadata");
        expect(after.read(*after.tensor("cls.weight")) == before.read(*before.tensor("cls.weight")),
               "the head's bytes");
        Scorer scorer(load(output), small_options());
        expect(std::isfinite(score(scorer, make_batch({20}))[0]), "a finite score");

        options.importance[0].values.pop_back();
        expect_code(ErrorCode::quantize_failed, [&] { quantize_model(options); });
        options.importance.clear();
        options.metadata = {{"key", std::string(128, 'x')}};
        expect_code(ErrorCode::invalid_argument, [&] { quantize_model(options); });
        std::filesystem::remove(output);
    });
}

}  // namespace inform::test
