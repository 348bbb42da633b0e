#pragma once

#include "binding/napi_setup.h"

namespace inform::binding {

// lockFile(fd: number): "locked" | "held" | "unsupported" - Node has no file locks of its own
Napi::Value lock_file(const Napi::CallbackInfo & info);

}  // namespace inform::binding
