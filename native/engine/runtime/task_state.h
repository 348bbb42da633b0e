#pragma once

#include <atomic>

namespace inform {

// Watches and stops a long task from another thread.
struct TaskState {
    std::atomic<float> progress{0};  // 0..1
    std::atomic<bool> cancelled{false};
};

}  // namespace inform
