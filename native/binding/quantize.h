#pragma once

#include "binding/napi_setup.h"

namespace inform::binding {

// quantize(options: NativeQuantizeOptions): Promise<void> - cannot be stopped; see quantize_model
Napi::Value quantize(const Napi::CallbackInfo & info);

}  // namespace inform::binding
