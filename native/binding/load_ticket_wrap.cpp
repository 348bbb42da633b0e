#include "binding/load_ticket_wrap.h"

namespace inform::binding {

Napi::Function LoadTicketWrap::define(Napi::Env env) {
    return DefineClass(env, "LoadTicket",
                       {InstanceAccessor<&LoadTicketWrap::progress>("progress"),
                        InstanceMethod<&LoadTicketWrap::cancel>("cancel")});
}

LoadTicketWrap::LoadTicketWrap(const Napi::CallbackInfo & info)
    : Napi::ObjectWrap<LoadTicketWrap>(info), state_(std::make_shared<LoadState>()) {}

Napi::Value LoadTicketWrap::progress(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), state_->progress);
}

void LoadTicketWrap::cancel(const Napi::CallbackInfo &) {
    state_->cancelled = true;
}

}  // namespace inform::binding
