#include "engine/convert/tensor_encoder.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "engine/error.h"
#include "engine/gguf/random_access_file.h"

namespace inform {

namespace {

// Elements of a piece: large enough that the calls for it cost nothing, small enough to stay in a core's cache while it
// is read, converted and written.
constexpr int64_t piece_elements = 512 * 1024;

// From here on a value becomes infinite in F16, which is also the type of the quantized types' scales: half way between
// its largest number, 65504, and the next power of two.
constexpr float f16_overflow = 65520.0f;

// The same for BF16, as the bits of an F32.
constexpr uint32_t bf16_overflow_bits = 0x7f7f8000;

// A thread's memory.
struct Buffers {
    std::vector<uint8_t> source;
    std::vector<uint8_t> ordered;
    std::vector<float> values;
    std::vector<uint8_t> target;
    const EncodeJob * a_of = nullptr;           // the job whose A was read last
    std::unique_ptr<RandomAccessFile> adapter;  // its file
    std::vector<float> a;
    std::vector<float> b;
    std::vector<uint8_t> factor;  // A or B as they lie in the file
};

template <typename T>
T * sized(std::vector<T> & buffer, size_t n) {
    if (buffer.size() < n) {
        buffer.resize(n);
    }
    return buffer.data();
}

// Types whose numbers are weights; the others are integers or hold activations.
bool can_encode_to(ggml_type type) {
    switch (type) {
        case GGML_TYPE_F32:
        case GGML_TYPE_F16:
        case GGML_TYPE_BF16: return true;
        case GGML_TYPE_Q8_1:
        case GGML_TYPE_Q8_K: return false;
        default:
            return type >= 0 && type < GGML_TYPE_COUNT && ggml_is_quantized(type) &&
                   !ggml_quantize_requires_imatrix(type);
    }
}

bool is_float(ggml_type type) {
    return type == GGML_TYPE_F32 || type == GGML_TYPE_F16 || type == GGML_TYPE_BF16;
}

void check(const EncodeJob & job) {
    const LowRank & added = job.low_rank;
    const bool is_possible =
        added.rank >= 0 && std::isfinite(added.scale) && is_float(added.a_type) && is_float(added.b_type);
    if (!is_float(job.source_type) || !is_possible || !can_encode_to(job.target_type) || job.rows < 1 ||
        job.columns < 1 || job.columns % ggml_blck_size(job.target_type) != 0 || !std::isfinite(job.addend) ||
        job.head_rows < 0 || job.head_rows % 2 != 0 || (job.head_rows > 0 && job.rows % job.head_rows != 0)) {
        throw EngineError(ErrorCode::invalid_argument, "Tensor " + job.name + " cannot be encoded as it is described.");
    }
}

[[noreturn]] void invalid(const EncodeJob & job, const std::string & what) {
    throw EngineError(ErrorCode::invalid_checkpoint, "Tensor " + job.name + " in " + job.source + " " + what);
}

// Whether a value's exponent, the bits of `mask`, says NaN or infinity anywhere.
template <typename T>
bool any_non_finite(const uint8_t * data, int64_t n, T mask) {
    const T * bits = reinterpret_cast<const T *>(data);
    T found = 0;
    for (int64_t i = 0; i < n; i++) {
        found |= static_cast<T>((bits[i] & mask) == mask);
    }
    return found != 0;
}

void check_finite(const EncodeJob & job, ggml_type type, const uint8_t * data, int64_t n) {
    const bool bad = type == GGML_TYPE_F32   ? any_non_finite<uint32_t>(data, n, 0x7f800000)
                     : type == GGML_TYPE_F16 ? any_non_finite<uint16_t>(data, n, 0x7c00)
                                             : any_non_finite<uint16_t>(data, n, 0x7f80);
    if (bad) {
        invalid(job, "holds NaN or infinite values. Download the checkpoint again.");
    }
}

void check_range(const EncodeJob & job, const float * values, int64_t n) {
    float limit = f16_overflow;
    if (job.target_type == GGML_TYPE_F32) {
        return;
    }
    if (job.target_type == GGML_TYPE_BF16) {
        std::memcpy(&limit, &bf16_overflow_bits, sizeof(limit));
    }
    float largest = 0;
    for (int64_t i = 0; i < n; i++) {
        largest = std::max(largest, std::fabs(values[i]));
    }
    if (largest >= limit) {
        std::string type = ggml_type_name(job.target_type);
        std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::toupper(c); });
        invalid(job, "has values beyond the range of " + type + ". Convert to bf16 or f32 instead.");
    }
}

// Interleaves the two halves of each head's rows: Hugging Face rotates dimension j together with j + d/2, ggml's rope
// for llama rotates neighbours (LlamaModel.permute in llama.cpp's conversion/llama.py).
void interleave_heads(const uint8_t * from, uint8_t * to, int64_t rows, int64_t head_rows, size_t row_size) {
    for (int64_t row = 0; row < rows; row++) {
        const int64_t head = row - row % head_rows;
        const int64_t within = row % head_rows;
        const int64_t source = head + within / 2 + (within % 2) * (head_rows / 2);
        std::memcpy(to + row * row_size, from + source * row_size, row_size);
    }
}

const float * to_f32(ggml_type type, const uint8_t * data, int64_t n, std::vector<float> & buffer) {
    if (type == GGML_TYPE_F32) {
        return reinterpret_cast<const float *>(data);
    }
    float * values = sized(buffer, n);
    if (type == GGML_TYPE_F16) {
        ggml_fp16_to_fp32_row(reinterpret_cast<const ggml_fp16_t *>(data), values, n);
    } else {
        ggml_bf16_to_fp32_row(reinterpret_cast<const ggml_bf16_t *>(data), values, n);
    }
    return values;
}

// May add in place.
const float * plus(const float * values, int64_t n, float addend, std::vector<float> & buffer) {
    float * sums = sized(buffer, n);
    std::transform(values, values + n, sums, [addend](float value) { return value + addend; });
    return sums;
}

// values += scale * b a, row by row.
void add_product(const LowRank & added, const float * a, const float * b, int64_t rows, int64_t columns,
                 float * values) {
    std::vector<float> sum(columns);
    for (int64_t row = 0; row < rows; row++) {
        std::fill(sum.begin(), sum.end(), 0.0f);
        for (int64_t k = 0; k < added.rank; k++) {
            const float factor = b[row * added.rank + k];
            const float * a_row = a + k * columns;
            for (int64_t column = 0; column < columns; column++) {
                sum[column] += factor * a_row[column];
            }
        }
        float * to = values + row * columns;
        for (int64_t column = 0; column < columns; column++) {
            to[column] += added.scale * sum[column];
        }
    }
}

class Encoding {
public:
    Encoding(const std::vector<EncodeJob> & jobs, TaskState & state) : jobs_(jobs), state_(state) {
        for (const EncodeJob & job : jobs) {
            elements_ += job.rows * job.columns;
        }
    }

    void run(int n_threads) {
        std::vector<std::thread> threads;
        try {
            for (int i = 1; i < n_threads; i++) {
                threads.emplace_back([this]() { work(); });
            }
        } catch (const std::system_error &) {
            // The system allows no more threads: those that run do the work, this one among them.
        }
        work();
        for (std::thread & thread : threads) {
            thread.join();
        }
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

private:
    struct Piece {
        const EncodeJob * job;
        int64_t first;
        int64_t rows;
        std::shared_ptr<RandomAccessFile> source;
        std::shared_ptr<RandomAccessFile> target;
    };

    void work() {
        Buffers buffers;
        try {
            for (Piece piece; next(piece);) {
                encode(piece, buffers);
            }
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!failure_) {
                failure_ = std::current_exception();
            }
        }
    }

    // The next piece, in the order of the jobs. False when none is left or another thread has failed.
    bool next(Piece & piece) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (failure_ || job_ == jobs_.size()) {
            return false;
        }
        if (state_.cancelled) {
            throw EngineError(ErrorCode::aborted, "The conversion was aborted.");
        }
        const EncodeJob & job = jobs_[job_];
        const int64_t unit = std::max<int64_t>(1, job.head_rows);
        const int64_t units = std::max<int64_t>(1, piece_elements / (unit * job.columns));
        piece.job = &job;
        piece.first = row_;
        piece.rows = std::min(units * unit, job.rows - row_);
        piece.source = source(job);
        piece.target = target(job);
        row_ += piece.rows;
        if (row_ == job.rows) {
            row_ = 0;
            job_++;
        }
        return true;
    }

    // Files are opened once and closed when the last piece of another one has begun.
    std::shared_ptr<RandomAccessFile> source(const EncodeJob & job) {
        if (!source_ || source_path_ != job.source) {
            try {
                source_ = std::make_shared<RandomAccessFile>(job.source, RandomAccessFile::Mode::read);
            } catch (const std::system_error & error) {
                unreadable(job, error);
            }
            source_path_ = job.source;
        }
        return source_;
    }

    std::shared_ptr<RandomAccessFile> target(const EncodeJob & job) {
        if (!target_ || target_path_ != job.target) {
            try {
                target_ = std::make_shared<RandomAccessFile>(job.target, RandomAccessFile::Mode::write);
            } catch (const std::system_error & error) {
                unwritable(job, error);
            }
            target_path_ = job.target;
        }
        return target_;
    }

    void encode(const Piece & piece, Buffers & buffers) {
        const EncodeJob & job = *piece.job;
        const int64_t n = piece.rows * job.columns;
        ggml_type type = job.source_type;
        const size_t source_row = ggml_row_size(type, job.columns);

        const uint8_t * data = read(piece, source_row, piece.rows * source_row, buffers);
        check_finite(job, type, data, n);
        if (job.low_rank.rank > 0) {
            data = merged(piece, data, buffers);
            type = GGML_TYPE_F32;
        }
        if (job.head_rows > 0) {
            const size_t row_size = ggml_row_size(type, job.columns);
            uint8_t * ordered = sized(buffers.ordered, piece.rows * row_size);
            interleave_heads(data, ordered, piece.rows, job.head_rows, row_size);
            data = ordered;
        }
        const size_t target_row = ggml_row_size(job.target_type, job.columns);
        const size_t target_size = piece.rows * target_row;
        if (job.target_type != type || job.addend != 0) {
            const float * values = to_f32(type, data, n, buffers.values);
            if (job.addend != 0) {
                values = plus(values, n, job.addend, buffers.values);
            }
            check_range(job, values, n);
            uint8_t * encoded = sized(buffers.target, target_size);
            ggml_quantize_chunk(job.target_type, values, encoded, 0, piece.rows, job.columns, nullptr);
            data = encoded;
        }
        try {
            piece.target->write_at(job.target_offset + piece.first * target_row, data, target_size);
        } catch (const std::system_error & error) {
            unwritable(job, error);
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        elements_done_ += n;
        state_.progress = static_cast<float>(static_cast<double>(elements_done_) / static_cast<double>(elements_));
    }

    static const uint8_t * read(const Piece & piece, size_t source_row, size_t size, Buffers & buffers) {
        const EncodeJob & job = *piece.job;
        uint8_t * data = sized(buffers.source, size);
        try {
            if (piece.source->read_at(job.source_offset + piece.first * source_row, data, size) != size) {
                invalid(job, "ended while it was read. Download the checkpoint again.");
            }
        } catch (const std::system_error & error) {
            unreadable(job, error);
        }
        return data;
    }

    // The rows with the adapter's product, in F32.
    static const uint8_t * merged(const Piece & piece, const uint8_t * data, Buffers & buffers) {
        const EncodeJob & job = *piece.job;
        const LowRank & added = job.low_rank;
        const int64_t n = piece.rows * job.columns;
        const float * from = to_f32(job.source_type, data, n, buffers.values);
        float * values = sized(buffers.values, n);
        if (from != values) {
            std::copy(from, from + n, values);
        }
        try {
            if (buffers.a_of != &job) {
                buffers.adapter = std::make_unique<RandomAccessFile>(added.source, RandomAccessFile::Mode::read);
                read_factor(job, added.a_type, added.a_offset, added.rank * job.columns, buffers, buffers.a);
                buffers.a_of = &job;
            }
            const uint64_t b_offset = added.b_offset + piece.first * ggml_row_size(added.b_type, added.rank);
            read_factor(job, added.b_type, b_offset, piece.rows * added.rank, buffers, buffers.b);
        } catch (const std::system_error & error) {
            throw EngineError(ErrorCode::invalid_checkpoint,
                              added.source + " cannot be read: " + error.code().message() + ".");
        }
        add_product(added, buffers.a.data(), buffers.b.data(), piece.rows, job.columns, values);
        const auto * bytes = reinterpret_cast<const uint8_t *>(values);
        check_finite(job, GGML_TYPE_F32, bytes, n);
        return bytes;
    }

    // `n` values of an adapter, in F32. Throws std::system_error, too.
    static void read_factor(const EncodeJob & job, ggml_type type, uint64_t offset, int64_t n, Buffers & buffers,
                            std::vector<float> & to) {
        const size_t size = ggml_row_size(type, n);
        uint8_t * data = sized(buffers.factor, size);
        if (buffers.adapter->read_at(offset, data, size) != size) {
            throw EngineError(ErrorCode::invalid_checkpoint,
                              job.low_rank.source + " ended while it was read. Download the adapter again.");
        }
        check_finite(job, type, data, n);
        const float * values = to_f32(type, data, n, to);
        if (values != to.data()) {
            to.assign(values, values + n);
        }
    }

    [[noreturn]] static void unreadable(const EncodeJob & job, const std::system_error & error) {
        invalid(job, "cannot be read: " + error.code().message() + ".");
    }

    [[noreturn]] static void unwritable(const EncodeJob & job, const std::system_error & error) {
        throw EngineError(ErrorCode::output_unwritable, job.target + " cannot be written: " + error.code().message() +
                                                            ". Free space or choose another folder.");
    }

    const std::vector<EncodeJob> & jobs_;
    TaskState & state_;
    int64_t elements_ = 0;
    std::mutex mutex_;  // guards all below
    size_t job_ = 0;
    int64_t row_ = 0;
    int64_t elements_done_ = 0;
    std::string source_path_;
    std::string target_path_;
    std::shared_ptr<RandomAccessFile> source_;
    std::shared_ptr<RandomAccessFile> target_;
    std::exception_ptr failure_;
};

}  // namespace

void encode_tensors(const std::vector<EncodeJob> & jobs, int n_threads, TaskState & state) {
    for (const EncodeJob & job : jobs) {
        check(job);  // what ggml would answer with an abort
    }
    Encoding(jobs, state).run(n_threads);
}

}  // namespace inform
