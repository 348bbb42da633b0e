#include "binding/file_lock.h"

#include "engine/runtime/file_lock.h"

namespace inform::binding {

namespace {

const char * name_of(FileLock lock) {
    switch (lock) {
        case FileLock::locked: return "locked";
        case FileLock::held: return "held";
        case FileLock::unsupported: break;
    }
    return "unsupported";
}

}  // namespace

Napi::Value lock_file(const Napi::CallbackInfo & info) {
    const int descriptor = info[0].As<Napi::Number>();
    return Napi::String::New(info.Env(), name_of(inform::lock_file(descriptor)));
}

}  // namespace inform::binding
