#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/runtime/log.h"
#include "engine/scoring/measure_compute.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

namespace {

// What llama.cpp logged since the last call: "sched_reserve:        CPU compute buffer size =    16.45 MiB".
double logged_mebibytes() {
    const std::string before = " compute buffer size = ";
    double sum = 0;
    for (const LogLine & line : drain_log()) {
        const size_t at = line.text.find(before);
        if (at != std::string::npos) {
            sum += std::strtod(line.text.c_str() + at + before.size(), nullptr);
        }
    }
    return sum;
}

}  // namespace

void test_measure_compute(const Fixture & fixture) {
    test("compute buffers are measured as a scorer gets them", [&] {
        std::vector<ScorerOptions> options(3, small_options());
        options[1].micro_batch = 512;
        options[2].flash_attention = false;
        const std::vector<ComputeBuffers> measured = measure_compute(fixture.model_path, Placement(), options);
        expect(measured.size() == options.size(), "one measurement for each scorer");
        for (size_t i = 0; i < options.size(); i++) {
            drain_log();
            const Scorer scorer(fixture.model, options[i]);
            const double logged = logged_mebibytes();
            const double found = static_cast<double>(measured[i].host) / (1 << 20);
            // The log has two decimals.
            expect(logged > 0 && std::fabs(found - logged) <= 0.005 + 1e-9,
                   std::to_string(logged) + " MiB, not " + std::to_string(found));
        }
    });
}

}  // namespace inform::test
