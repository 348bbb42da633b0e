#include "engine/runtime/file_lock.h"

#ifndef _WIN32
#include <sys/file.h>

#include <cerrno>
#endif

namespace inform {

#ifdef _WIN32

// The descriptors of the C runtime that calls belong to it alone, and nothing turns one into a handle here.
FileLock lock_file(int) {
    return FileLock::unsupported;
}

#else

FileLock lock_file(int descriptor) {
    int result;
    do {
        result = flock(descriptor, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result == 0) {
        return FileLock::locked;
    }
    // Other errors: some network file systems keep no locks.
    return errno == EWOULDBLOCK ? FileLock::held : FileLock::unsupported;
}

#endif

}  // namespace inform
