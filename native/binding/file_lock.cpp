#include "binding/file_lock.h"

#ifndef _WIN32
#    include <sys/file.h>

#    include <cerrno>
#endif

namespace inform::binding {

Napi::Value lock_file(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    const int fd = info[0].As<Napi::Number>();
#ifdef _WIN32
    // Node's descriptors are its own there, and nothing in Node-API turns one into a handle.
    (void) fd;
#else
    int result;
    do {
        result = flock(fd, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result == 0) {
        return Napi::String::New(env, "locked");
    }
    if (errno == EWOULDBLOCK) {
        return Napi::String::New(env, "held");
    }
    // Some network file systems keep no locks.
#endif
    return Napi::String::New(env, "unsupported");
}

}  // namespace inform::binding
