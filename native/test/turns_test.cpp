#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/runtime/turns.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

void test_turns() {
    test("turns are kept, and one that is given up holds nobody up", [&] {
        Turns turns;
        std::vector<int> order;
        std::mutex mutex;
        auto first = turns.take();
        auto second = turns.take();
        auto third = turns.take();
        const auto job = [&](std::shared_ptr<const Turns::Turn> turn, int number) {
            turn->wait();
            const std::lock_guard lock(mutex);
            order.push_back(number);
        };
        std::thread c(job, std::move(third), 3);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::thread a(job, std::move(first), 1);
        a.join();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::vector<int> before;
        {
            const std::lock_guard lock(mutex);
            before = order;
        }
        second.reset();
        c.join();
        expect(before == std::vector<int>{1}, "the third still waits");
        expect((order == std::vector<int>{1, 3}), "the third after the second was given up");
    });

    test("a turn that is ended lets the next one begin while its object lives", [&] {
        Turns turns;
        const auto first = turns.take();
        const auto second = turns.take();
        first->wait();
        first->end();
        second->wait();
        first->end();
        turns.take()->end();
    });
}

}  // namespace inform::test
