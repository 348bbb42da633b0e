#pragma once

#include "binding/napi_setup.h"

namespace inform::binding {

// encodeTensors(jobs: EncodeJob[], threads: number, handle: TaskHandle): Promise<void>
Napi::Value encode_tensors(const Napi::CallbackInfo & info);

}  // namespace inform::binding
