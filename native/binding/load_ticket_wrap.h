#pragma once

#include <memory>

#include "binding/napi_setup.h"
#include "engine/model.h"

namespace inform::binding {

// JS: class LoadTicket { get progress(): number; cancel(): void } - watches and stops one loadModel().
class LoadTicketWrap : public Napi::ObjectWrap<LoadTicketWrap> {
public:
    static Napi::Function define(Napi::Env env);
    explicit LoadTicketWrap(const Napi::CallbackInfo & info);

    std::shared_ptr<LoadState> state() const { return state_; }

private:
    Napi::Value progress(const Napi::CallbackInfo & info);
    void cancel(const Napi::CallbackInfo & info);

    std::shared_ptr<LoadState> state_;
};

}  // namespace inform::binding
