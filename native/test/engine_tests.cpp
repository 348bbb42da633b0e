// The engine without Node, for the sanitizers (scripts/dev/sanitize.mjs) and for an emulated Arm CPU, which would take
// hours to measure its speed (scripts/dev/test-arm.mjs).
//
//   engine_tests BACKEND_DIR MODEL.gguf [--no-speed]        F32, F16 or BF16; may be the first shard of a split model
//
// Checks what scores must have in common whatever their values are, the limits, cancelling, and several scorers and
// models on several threads. What the values must be is the business of test/engine/ and its goldens.

#include <cstdio>
#include <string_view>

#include "test/test.h"
#include "test/units.h"

using namespace inform::test;

int main(int argc, char ** argv) {
    const bool no_speed = argc == 4 && std::string_view(argv[3]) == "--no-speed";
    if (argc != 3 && !no_speed) {
        std::fprintf(stderr, "usage: engine_tests BACKEND_DIR MODEL.gguf [--no-speed]\n");
        return 2;
    }
    Fixture fixture = {argv[0], argv[1], argv[2], !no_speed, nullptr};
    test_runtime(fixture);
    fixture.model = load(fixture.model_path);
    test_kernels();
    test_attention();
    test_turns();
    test_device_use();
    test_model(fixture);
    test_scorer(fixture);
    test_sharing(fixture);
    test_measure_compute(fixture);
    test_quantizer(fixture);
    return summary();
}
