#include <atomic>
#include <chrono>
#include <thread>

#include "engine/runtime/device_use.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

using namespace std::chrono_literals;

void test_device_use() {
    test("exclusive work on devices overlaps no other restricted work, and work without devices goes on", [&] {
        std::atomic<bool> entered{false};
        const auto enters = [&](DeviceSharing sharing) {
            entered = false;
            return std::thread([&, sharing] {
                const DeviceUse use(sharing);
                entered = true;
            });
        };
        // Whether work does not begin within `patience` while other work is under way.
        const auto waits = [&](DeviceSharing held, DeviceSharing wanted, std::chrono::milliseconds patience) {
            std::thread other;
            bool early;
            {
                const DeviceUse use(held);
                other = enters(wanted);
                const auto end = std::chrono::steady_clock::now() + patience;
                while (!entered && std::chrono::steady_clock::now() < end) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                }
                early = entered;
            }
            other.join();
            return !early && entered;
        };
        expect(waits(DeviceSharing::exclusive, DeviceSharing::exclusive, 20ms), "exclusive waits for exclusive");
        expect(waits(DeviceSharing::exclusive, DeviceSharing::shared, 20ms), "shared waits for exclusive");
        expect(waits(DeviceSharing::shared, DeviceSharing::exclusive, 20ms), "exclusive waits for shared");
        expect(!waits(DeviceSharing::shared, DeviceSharing::shared, 10s), "shared overlaps shared");
        const DeviceUse use(DeviceSharing::exclusive);
        enters(DeviceSharing::unrestricted).join();
        expect(sharing_of({}) == DeviceSharing::unrestricted && sharing_of({"CPU"}) == DeviceSharing::unrestricted,
               "the CPU is unrestricted");
        expect_code(ErrorCode::invalid_argument, [] { sharing_of({"GPU9"}); });
    });
}

}  // namespace inform::test
