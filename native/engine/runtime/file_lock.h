#pragma once

namespace inform {

enum class FileLock {
    locked,       // this process holds it now
    held,         // another open file holds it
    unsupported,  // the system or the file system has no such locks
};

// Takes the exclusive lock of an open file, without waiting for it. The lock belongs to the open file: it goes when the
// file is closed, and so when its process ends, however that happens.
FileLock lock_file(int descriptor);

}  // namespace inform
