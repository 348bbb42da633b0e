#pragma once

#include "binding/napi_setup.h"

namespace inform::binding {

// lockFile(fd: number): "locked" | "held" | "unsupported"
// Node has no file locks of its own. The lock belongs to the open file: it goes when the file is closed, and with that when
// its process ends, however that happens.
Napi::Value lock_file(const Napi::CallbackInfo & info);

}  // namespace inform::binding
