#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>

namespace inform {

// Lets jobs run one at a time, in the order in which they took their turn, on whatever threads they are.
class Turns {
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        std::set<uint64_t> open;
        uint64_t next = 0;
    };

public:
    // A place in the order. It ends with the object at the latest, used or not.
    class Turn {
    public:
        explicit Turn(std::shared_ptr<State> state) : state_(std::move(state)) {
            const std::lock_guard lock(state_->mutex);
            number_ = state_->next++;
            state_->open.insert(number_);
        }
        Turn(const Turn &) = delete;
        Turn & operator=(const Turn &) = delete;
        ~Turn() { end(); }

        // Lets the next one begin. Idempotent.
        void end() const {
            {
                const std::lock_guard lock(state_->mutex);
                state_->open.erase(number_);
            }
            state_->changed.notify_all();
        }

        // Blocks until all earlier turns have ended.
        void wait() const {
            std::unique_lock lock(state_->mutex);
            state_->changed.wait(lock, [this] { return *state_->open.begin() == number_; });
        }

    private:
        std::shared_ptr<State> state_;
        uint64_t number_;
    };

    std::shared_ptr<const Turn> take() const { return std::make_shared<const Turn>(state_); }

private:
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace inform
