#pragma once

#include <memory>

#include "binding/addon_data.h"
#include "binding/napi_setup.h"
#include "engine/runtime/task_state.h"

namespace inform::binding {

// JS: class TaskHandle { get progress(): number; cancel(): void } - watches and stops one
// loadModel() or encodeTensors().
class TaskHandleWrap : public Napi::ObjectWrap<TaskHandleWrap> {
public:
    static Napi::Function define(Napi::Env env);
    explicit TaskHandleWrap(const Napi::CallbackInfo & info);

    std::shared_ptr<TaskState> state() const { return state_; }
    CancelFlag cancel_flag() const { return CancelFlag(state_, &state_->cancelled); }

private:
    Napi::Value progress(const Napi::CallbackInfo & info);
    void cancel(const Napi::CallbackInfo & info);

    std::shared_ptr<TaskState> state_;
};

}  // namespace inform::binding
