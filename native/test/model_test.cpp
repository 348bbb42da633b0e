#include <string>

#include "test/test.h"
#include "test/units.h"

namespace inform::test {

void test_model(const Fixture & fixture) {
    const auto & model = fixture.model;

    test("loading can be cancelled", [&] {
        TaskState state;
        state.cancelled = true;
        ModelOptions options;
        options.path = fixture.model_path;
        expect_code(ErrorCode::aborted, [&] { Model cancelled(options, state); });
    });

    test("special tokens are parsed only when asked to", [&] {
        expect(model->tokenize("<|eot_id|>", true).size() == 1, "one token when parsed");
        expect(model->tokenize("<|eot_id|>", false).size() > 1, "several when not");
        expect(model->tokenize("", true).empty(), "none for an empty text");
        expect(model->tokenize(std::string("a\0b", 3), true) != model->tokenize("a", true),
               "a NUL does not end the text");
    });

    test("a missing file and a folder are named", [&] {
        expect_code(ErrorCode::model_not_found, [&] { load(fixture.model_path + ".missing"); });
        expect_code(ErrorCode::model_not_found, [&] { load(fixture.backend_dir); });
        expect_code(ErrorCode::invalid_model_file, [&] { load(fixture.program); });
    });
}

}  // namespace inform::test
