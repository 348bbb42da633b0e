#pragma once

#include <memory>

#include "binding/napi_setup.h"
#include "engine/task_state.h"

namespace inform::binding {

// JS: class TaskTicket { get progress(): number; cancel(): void } - watches and stops one
// loadModel() or encodeTensors().
class TaskTicketWrap : public Napi::ObjectWrap<TaskTicketWrap> {
public:
    static Napi::Function define(Napi::Env env);
    explicit TaskTicketWrap(const Napi::CallbackInfo & info);

    std::shared_ptr<TaskState> state() const { return state_; }

private:
    Napi::Value progress(const Napi::CallbackInfo & info);
    void cancel(const Napi::CallbackInfo & info);

    std::shared_ptr<TaskState> state_;
};

}  // namespace inform::binding
