#include <algorithm>

#include "engine/runtime/devices.h"
#include "engine/runtime/elf.h"
#include "engine/runtime/runtime.h"
#include "engine/runtime/shared_library.h"
#include "engine/runtime/speed.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

void test_runtime(const Fixture & fixture) {
    test("the runtime starts, twice, and finds a CPU", [&] {
        start_runtime(fixture.backend_dir);
        start_runtime(fixture.backend_dir);
        expect(!list_devices().empty(), "a device");
    });

    if (fixture.measures_speed) {
        test("the speed of products is measured for weights of every kind of type, and a type that is none is refused",
             [&] {
                 for (ggml_type type :
                      {GGML_TYPE_F32, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_K, GGML_TYPE_IQ4_XS}) {
                     expect(measure_product("CPU", type, 1, true, Activations::ggml) > 1e6, ggml_type_name(type));
                     expect(measure_product("CPU", type, 1, false, Activations::ggml) > 1e6, ggml_type_name(type));
                     expect(measure_product("CPU", type, 1, false, Activations::int16) > 1e6, ggml_type_name(type));
                 }
                 expect_code(ErrorCode::invalid_argument,
                             [] { measure_product("no such device", GGML_TYPE_F32, 1, true, Activations::ggml); });
                 expect(measure_upload("CPU") == 0, "nothing is copied to a CPU");
                 expect(measure_disk("no such file") == 0, "a file that is not there has no speed");
             });
    }

#ifdef __linux__
    test("the libraries that a program needs are read off its file", [&] {
        const auto needed = needed_libraries(fixture.program);
        expect(std::find(needed.begin(), needed.end(), "libllama.so") != needed.end(), "libllama.so");
        expect(missing_libraries(fixture.program).empty(), "none is missing");
        expect(needed_libraries(fixture.model_path).empty(), "a file that is not ELF needs none");
    });
#endif
}

}  // namespace inform::test
