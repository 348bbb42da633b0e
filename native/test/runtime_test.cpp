#include <algorithm>

#include "engine/runtime/devices.h"
#include "engine/runtime/elf.h"
#include "engine/runtime/runtime.h"
#include "engine/runtime/shared_library.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

void test_runtime(const Fixture & fixture) {
    test("the runtime starts, twice, and finds a CPU", [&] {
        start_runtime(fixture.backend_dir);
        start_runtime(fixture.backend_dir);
        expect(!list_devices().empty(), "a device");
    });

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
