#include "binding/log.h"

#include "binding/convert.h"
#include "engine/runtime/log.h"

namespace inform::binding {

Napi::Value drain_log(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    return to_array(env, inform::drain_log(), [env](const LogLine & line) {
        Napi::Object out = Napi::Object::New(env);
        out.Set("level", line.level);
        out.Set("text", line.text);
        return out;
    });
}

}  // namespace inform::binding
