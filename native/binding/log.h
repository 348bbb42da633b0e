#pragma once

#include "binding/napi_setup.h"

namespace inform::binding {

// drainLog(): LogLine[]
Napi::Value drain_log(const Napi::CallbackInfo & info);

}  // namespace inform::binding
