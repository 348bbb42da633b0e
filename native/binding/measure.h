#pragma once

#include "binding/napi_setup.h"

namespace inform::binding {

// measureCompute({path, placement, scorers, backendDir}): Promise<NativeComputeBuffers[]>
Napi::Value measure_compute(const Napi::CallbackInfo & info);

}  // namespace inform::binding
