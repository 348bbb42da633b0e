#include "engine/gguf/gguf_header.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "ggml.h"
#include "gguf.h"

namespace inform {

namespace {

// Vocabularies of 256K tokens make headers of about 20 MB.
constexpr uint64_t max_header_bytes = 256 << 20;
constexpr uint64_t max_key_bytes = 65535;  // the GGUF specification's own limit
constexpr uint64_t max_string_bytes = 64 << 20;
// Each far above every model. ggml's reader takes a time that grows with the square of the first two.
constexpr uint64_t max_tensors = 1 << 16;
constexpr uint64_t max_values = 1 << 14;
constexpr uint64_t max_strings = 1 << 22;
constexpr uint64_t max_elements = uint64_t(1) << 50;  // in one tensor
constexpr size_t buffer_bytes = 1 << 20;

struct Problem : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] void truncated() {
    throw Problem("is truncated or damaged inside its header");
}

class HeaderWalk {
public:
    HeaderWalk(std::istream & file, uint64_t file_size)
        : file_(file), remaining_(std::min(file_size, max_header_bytes)), buffer_(buffer_bytes) {}

    void run() {
        char magic[4];
        read(magic, sizeof magic);
        if (std::memcmp(magic, "GGUF", sizeof magic) != 0) {
            throw Problem("is not a GGUF file");
        }
        const auto version = number<uint32_t>();
        if (version != 2 && version != 3) {
            throw Problem("has GGUF version " + std::to_string(version) + "; versions 2 and 3 are supported");
        }
        const uint64_t n_tensors = count(max_tensors, "tensors");
        const uint64_t n_values = count(max_values, "metadata values");
        for (uint64_t i = 0; i < n_values; i++) {
            skip_string(max_key_bytes);
            skip_value(number<uint32_t>());
        }
        for (uint64_t i = 0; i < n_tensors; i++) {
            check_tensor();
        }
    }

private:
    void read(void * data, uint64_t size) { take(size, static_cast<char *>(data)); }

    void skip(uint64_t size) { take(size, nullptr); }

    // The next bytes, to `target` where there is one. Through a buffer of our own: vocabularies have hundreds of
    // thousands of strings, and a stream looks at its state for each of them.
    void take(uint64_t size, char * target) {
        if (size > remaining_) {
            truncated();
        }
        remaining_ -= size;
        while (size > 0) {
            if (taken_ == filled_) {
                fill();
            }
            const size_t n = static_cast<size_t>(std::min<uint64_t>(size, filled_ - taken_));
            if (target) {
                std::memcpy(target, buffer_.data() + taken_, n);
                target += n;
            }
            taken_ += n;
            size -= n;
        }
    }

    void fill() {
        file_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
        taken_ = 0;
        filled_ = static_cast<size_t>(file_.gcount());
        if (filled_ == 0) {
            truncated();
        }
    }

    template <typename T>
    T number() {
        T value;
        read(&value, sizeof value);
        return value;
    }

    uint64_t count(uint64_t limit, const char * what) {
        const auto n = number<uint64_t>();
        if (n > limit) {
            throw Problem("claims " + std::to_string(n) + " " + what + ", more than it can have");
        }
        return n;
    }

    void skip_string(uint64_t limit) {
        const auto length = number<uint64_t>();
        if (length > limit) {
            truncated();
        }
        skip(length);
    }

    void skip_value(uint32_t type) {
        if (type == GGUF_TYPE_STRING) {
            skip_string(max_string_bytes);
        } else if (type == GGUF_TYPE_ARRAY) {
            skip_array();
        } else {
            skip(size_of(type));
        }
    }

    void skip_array() {
        const auto type = number<uint32_t>();
        if (type == GGUF_TYPE_STRING) {
            for (uint64_t n = count(max_strings, "strings in one array"); n > 0; n--) {
                skip_string(max_string_bytes);
            }
        } else {
            const uint64_t size = size_of(type);
            skip(size * count(max_header_bytes, "elements of one array"));
        }
    }

    // The size of a value that is neither a string nor an array.
    static uint64_t size_of(uint32_t type) {
        switch (type) {
            case GGUF_TYPE_UINT8:
            case GGUF_TYPE_INT8:
            case GGUF_TYPE_BOOL: return 1;
            case GGUF_TYPE_UINT16:
            case GGUF_TYPE_INT16: return 2;
            case GGUF_TYPE_UINT32:
            case GGUF_TYPE_INT32:
            case GGUF_TYPE_FLOAT32: return 4;
            case GGUF_TYPE_UINT64:
            case GGUF_TYPE_INT64:
            case GGUF_TYPE_FLOAT64: return 8;
            default: throw Problem("has a value of the unknown type " + std::to_string(type));
        }
    }

    void check_tensor() {
        skip_string(GGML_MAX_NAME - 1);
        const auto dimensions = number<uint32_t>();
        if (dimensions > GGML_MAX_DIMS) {
            throw Problem("gives a tensor " + std::to_string(dimensions) + " dimensions");
        }
        uint64_t elements = 1;
        for (uint32_t d = 0; d < dimensions; d++) {
            const auto size = number<uint64_t>();
            // Divided, as the product could wrap around.
            if (size == 0 || size > max_elements / elements) {
                throw Problem("has a tensor of an impossible shape");
            }
            elements *= size;
        }
        // ggml's reader makes an enum of it before it looks.
        const auto type = number<uint32_t>();
        if (type >= GGML_TYPE_COUNT) {
            throw Problem("has a tensor of the unknown type " + std::to_string(type));
        }
        skip(sizeof(uint64_t));  // the offset, which ggml's reader checks
    }

    std::istream & file_;
    uint64_t remaining_;
    std::vector<char> buffer_;
    size_t taken_ = 0;   // of the buffer
    size_t filled_ = 0;  // bytes of it that were read
};

}  // namespace

std::string gguf_header_problem(std::istream & file, uint64_t file_size) {
    try {
        HeaderWalk(file, file_size).run();
        return "";
    } catch (const Problem & problem) {
        return problem.what();
    }
}

}  // namespace inform
