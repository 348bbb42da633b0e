#include "engine/gguf/random_access_file.h"

#include <system_error>

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>

#include <algorithm>
#include <filesystem>
#else
#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#endif

namespace inform {

#ifdef _WIN32

namespace {

constexpr size_t max_transfer = 1 << 30;

[[noreturn]] void fail() {
    throw std::system_error(static_cast<int>(GetLastError()), std::system_category());
}

OVERLAPPED at(uint64_t position) {
    OVERLAPPED overlapped = {};
    overlapped.Offset = static_cast<DWORD>(position);
    overlapped.OffsetHigh = static_cast<DWORD>(position >> 32);
    return overlapped;
}

}  // namespace

RandomAccessFile::RandomAccessFile(const std::string & path, Mode mode) {
    const HANDLE handle =
        CreateFileW(std::filesystem::u8path(path).c_str(), mode == Mode::read ? GENERIC_READ : GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (handle == INVALID_HANDLE_VALUE) {
        fail();
    }
    handle_ = reinterpret_cast<intptr_t>(handle);
}

RandomAccessFile::~RandomAccessFile() {
    CloseHandle(reinterpret_cast<HANDLE>(handle_));
}

size_t RandomAccessFile::read_at(uint64_t position, void * data, size_t size) const {
    size_t done = 0;
    while (done < size) {
        OVERLAPPED overlapped = at(position + done);
        DWORD count = 0;
        const DWORD wanted = static_cast<DWORD>(std::min(size - done, max_transfer));
        if (!ReadFile(reinterpret_cast<HANDLE>(handle_), static_cast<char *>(data) + done, wanted, &count,
                      &overlapped) &&
            GetLastError() != ERROR_HANDLE_EOF) {
            fail();
        }
        if (count == 0) {
            break;
        }
        done += count;
    }
    return done;
}

void RandomAccessFile::write_at(uint64_t position, const void * data, size_t size) {
    for (size_t done = 0; done < size;) {
        OVERLAPPED overlapped = at(position + done);
        DWORD count = 0;
        const DWORD wanted = static_cast<DWORD>(std::min(size - done, max_transfer));
        if (!WriteFile(reinterpret_cast<HANDLE>(handle_), static_cast<const char *>(data) + done, wanted, &count,
                       &overlapped)) {
            fail();
        }
        done += count;
    }
}

#else

namespace {

[[noreturn]] void fail() {
    throw std::system_error(errno, std::generic_category());
}

}  // namespace

RandomAccessFile::RandomAccessFile(const std::string & path, Mode mode)
    : handle_(open(path.c_str(), (mode == Mode::read ? O_RDONLY : O_WRONLY) | O_CLOEXEC)) {
    if (handle_ < 0) {
        fail();
    }
}

RandomAccessFile::~RandomAccessFile() {
    close(static_cast<int>(handle_));
}

size_t RandomAccessFile::read_at(uint64_t position, void * data, size_t size) const {
    size_t done = 0;
    while (done < size) {
        const ssize_t count = pread(static_cast<int>(handle_), static_cast<char *>(data) + done, size - done,
                                    static_cast<off_t>(position + done));
        if (count < 0 && errno != EINTR) {
            fail();
        }
        if (count == 0) {
            break;
        }
        done += count > 0 ? static_cast<size_t>(count) : 0;
    }
    return done;
}

void RandomAccessFile::write_at(uint64_t position, const void * data, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t count = pwrite(static_cast<int>(handle_), static_cast<const char *>(data) + done, size - done,
                                     static_cast<off_t>(position + done));
        if (count < 0 && errno != EINTR) {
            fail();
        }
        done += count > 0 ? static_cast<size_t>(count) : 0;
    }
#ifdef __linux__
    sync_file_range(static_cast<int>(handle_), static_cast<off64_t>(position), static_cast<off64_t>(size),
                    SYNC_FILE_RANGE_WRITE);
#endif
}

#endif

}  // namespace inform
