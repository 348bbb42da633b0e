#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace inform {

// A file that several threads read and write at once, each at its own position. Closed by its destructor.
class RandomAccessFile {
public:
    enum class Mode { read, write };  // write: an existing file

    // Throws std::system_error.
    RandomAccessFile(const std::string & path, Mode mode);
    ~RandomAccessFile();

    RandomAccessFile(const RandomAccessFile &) = delete;
    RandomAccessFile & operator=(const RandomAccessFile &) = delete;

    // Returns how many bytes were there: fewer than `size` only at the end of the file. Throws std::system_error.
    size_t read_at(uint64_t position, void * data, size_t size) const;

    // Writes all of it, and asks the system to start bringing it to the disk now instead of when the file is synced, so
    // that a slow disk works while the next pieces are computed. Throws std::system_error.
    void write_at(uint64_t position, const void * data, size_t size);

private:
    intptr_t handle_;
};

}  // namespace inform
