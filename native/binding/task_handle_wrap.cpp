#include "binding/task_handle_wrap.h"

namespace inform::binding {

Napi::Function TaskHandleWrap::define(Napi::Env env) {
    return DefineClass(env, "TaskHandle",
                       {InstanceAccessor<&TaskHandleWrap::progress>("progress"),
                        InstanceMethod<&TaskHandleWrap::cancel>("cancel")});
}

TaskHandleWrap::TaskHandleWrap(const Napi::CallbackInfo & info)
    : Napi::ObjectWrap<TaskHandleWrap>(info), state_(std::make_shared<TaskState>()) {}

Napi::Value TaskHandleWrap::progress(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), state_->progress);
}

void TaskHandleWrap::cancel(const Napi::CallbackInfo &) {
    state_->cancelled = true;
}

}  // namespace inform::binding
