#include "engine/runtime/devices.h"
#include "engine/runtime/runtime.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

void test_runtime(const Fixture & fixture) {
    test("the runtime starts, twice, and finds a CPU", [&] {
        start_runtime(fixture.backend_dir);
        start_runtime(fixture.backend_dir);
        expect(!list_devices().empty(), "a device");
    });
}

}  // namespace inform::test
