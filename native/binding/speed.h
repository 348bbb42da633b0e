#pragma once

#include "binding/napi_setup.h"

namespace inform::binding {

// measureProduct({device, type, threads, repacked, backendDir}): Promise<number>
Napi::Value measure_product(const Napi::CallbackInfo & info);

// measureAttention({length, heads, kvHeads, unseen, prompt, tokens, sequences, threads, activations, backendDir}):
// Promise<number>
Napi::Value measure_attention(const Napi::CallbackInfo & info);

// measureUpload({device, backendDir}): Promise<number>
Napi::Value measure_upload(const Napi::CallbackInfo & info);

// measureDisk(path): Promise<number>
Napi::Value measure_disk(const Napi::CallbackInfo & info);

}  // namespace inform::binding
