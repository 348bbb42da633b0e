#include <atomic>
#include <chrono>
#include <thread>

#include "engine/runtime/device_use.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

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
        const auto waits = [&](DeviceSharing held, DeviceSharing wanted) {
            std::thread other;
            bool early;
            {
                const DeviceUse use(held);
                other = enters(wanted);
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                early = entered;
            }
            other.join();
            return !early && entered;
        };
        expect(waits(DeviceSharing::exclusive, DeviceSharing::exclusive), "exclusive waits for exclusive");
        expect(waits(DeviceSharing::exclusive, DeviceSharing::shared), "shared waits for exclusive");
        expect(waits(DeviceSharing::shared, DeviceSharing::exclusive), "exclusive waits for shared");
        expect(!waits(DeviceSharing::shared, DeviceSharing::shared), "shared overlaps shared");
        const DeviceUse use(DeviceSharing::exclusive);
        enters(DeviceSharing::unrestricted).join();
        expect(sharing_of({}) == DeviceSharing::unrestricted && sharing_of({"CPU"}) == DeviceSharing::unrestricted,
               "the CPU is unrestricted");
        expect_code(ErrorCode::invalid_argument, [] { sharing_of({"GPU9"}); });
    });
}

}  // namespace inform::test
