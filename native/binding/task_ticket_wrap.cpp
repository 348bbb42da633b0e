#include "binding/task_ticket_wrap.h"

namespace inform::binding {

Napi::Function TaskTicketWrap::define(Napi::Env env) {
    return DefineClass(env, "TaskTicket",
                       {InstanceAccessor<&TaskTicketWrap::progress>("progress"),
                        InstanceMethod<&TaskTicketWrap::cancel>("cancel")});
}

TaskTicketWrap::TaskTicketWrap(const Napi::CallbackInfo & info)
    : Napi::ObjectWrap<TaskTicketWrap>(info), state_(std::make_shared<TaskState>()) {}

Napi::Value TaskTicketWrap::progress(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), state_->progress);
}

void TaskTicketWrap::cancel(const Napi::CallbackInfo &) {
    state_->cancelled = true;
}

}  // namespace inform::binding
