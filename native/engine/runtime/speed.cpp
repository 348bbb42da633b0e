#include "engine/runtime/speed.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

#include "engine/error.h"
#include "engine/runtime/devices.h"
#include "ggml-cpp.h"

#ifdef __linux__
#include <fcntl.h>
#include <unistd.h>
#endif

namespace inform {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double measured_seconds = 0.25;

// A matrix as the layers of an 8B model have it, and the micro-batch that is the default.
constexpr int64_t matrix_size = 4096;
constexpr int64_t tokens = 512;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Calls until the time is over; the amount that each call does, for a second.
template <typename Call>
double rate_of(double amount, Call call) {
    call();  // not counted: what is allocated and started once
    const Clock::time_point start = Clock::now();
    int calls = 0;
    do {
        call();
        calls++;
    } while (seconds_since(start) < measured_seconds);
    return calls * amount / seconds_since(start);
}

// The kinds of memory that llama.cpp tries for a layer's matrices, in its order: those that a backend repacks weights
// in, then its plain one.
std::vector<ggml_backend_buffer_type_t> weight_buffer_types(ggml_backend_dev_t device, bool repacked) {
    std::vector<ggml_backend_buffer_type_t> types;
    auto get_extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts"));
    if (get_extra && repacked) {
        for (ggml_backend_buffer_type_t * type = get_extra(device); type && *type; type++) {
            types.push_back(*type);
        }
    }
    types.push_back(ggml_backend_dev_buffer_type(device));
    return types;
}

// Puts the weights where the device multiplies them.
ggml_backend_buffer_ptr place_weights(ggml_backend_dev_t device, bool repacked, ggml_tensor * weights,
                                      const ggml_tensor * product) {
    for (ggml_backend_buffer_type_t type : weight_buffer_types(device, repacked)) {
        ggml_backend_buffer_ptr buffer(
            ggml_backend_buft_alloc_buffer(type, ggml_backend_buft_get_alloc_size(type, weights)));
        if (!buffer) {
            continue;
        }
        weights->buffer = buffer.get();
        const bool fits = ggml_backend_dev_supports_op(device, product);
        weights->buffer = nullptr;
        if (fits) {
            ggml_backend_buffer_set_usage(buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
            ggml_backend_tensor_alloc(buffer.get(), weights, ggml_backend_buffer_get_base(buffer.get()));
            return buffer;
        }
    }
    throw EngineError(ErrorCode::decode_failed, std::string("The device ") + ggml_backend_dev_name(device) +
                                                    " does not multiply weights of type " +
                                                    ggml_type_name(weights->type) + ".");
}

}  // namespace

double measure_product(const std::string & name, ggml_type type, int threads, bool repacked,
                       Activations activations_type) {
    ggml_backend_dev_t device = device_by_name(name);
    const ggml_backend_ptr backend = start_backend(device, threads);
    const size_t room = 8 * ggml_tensor_overhead() + ggml_graph_overhead();
    const ggml_context_ptr weights_context(ggml_init({room, nullptr, true}));
    const ggml_context_ptr context(ggml_init({room, nullptr, true}));
    ggml_tensor * weights = ggml_new_tensor_2d(weights_context.get(), type, matrix_size, matrix_size);
    ggml_tensor * activations = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, matrix_size, tokens);
    ggml_tensor * product = ggml_mul_mat(context.get(), weights, activations);
    ggml_cgraph * graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, product);

    const ggml_backend_buffer_ptr weights_buffer = place_weights(device, repacked, weights, product);
    const ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend.get()));
    if (!buffer) {
        throw EngineError(ErrorCode::out_of_memory, "The device " + name + " has no memory for a product.");
    }
    // Zeros take as long as anything else, and are weights in every type.
    const std::vector<uint8_t> zeros(std::max(ggml_nbytes(weights), ggml_nbytes(activations)));
    ggml_backend_tensor_set(weights, zeros.data(), 0, ggml_nbytes(weights));
    ggml_backend_tensor_set(activations, zeros.data(), 0, ggml_nbytes(activations));
    use_activations(activations_type);
    return rate_of(2.0 * matrix_size * matrix_size * tokens, [&] {
        if (ggml_backend_graph_compute(backend.get(), graph) != GGML_STATUS_SUCCESS) {
            throw EngineError(ErrorCode::decode_failed, "The device " + name + " could not compute a product.");
        }
    });
}

double measure_attention(const AttentionShape & shape, int threads, Activations activations) {
    const ggml_backend_ptr backend = start_backend(device_by_name("CPU"), threads);
    const int64_t before = shape.unseen + shape.prompt, cells = before + shape.tokens;
    const ggml_context_ptr context(ggml_init({8 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
    ggml_context * ctx = context.get();
    ggml_tensor * queries = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, shape.length, shape.tokens, shape.heads);
    // A cache has the heads of a cell side by side.
    ggml_tensor * keys = ggml_new_tensor_3d(ctx, GGML_TYPE_F16, shape.length, shape.kv_heads, cells);
    ggml_tensor * values = ggml_new_tensor_3d(ctx, GGML_TYPE_F16, shape.length, shape.kv_heads, cells);
    ggml_tensor * mask = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, cells, shape.tokens);
    ggml_tensor * result = ggml_flash_attn_ext(ctx, queries, ggml_permute(ctx, keys, 0, 2, 1, 3),
                                               ggml_permute(ctx, values, 0, 2, 1, 3), mask, 1, 0, 0);
    ggml_cgraph * graph = ggml_new_graph(ctx);
    ggml_build_forward_expand(graph, result);
    const ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(ctx, backend.get()));
    if (!buffer) {
        throw EngineError(ErrorCode::out_of_memory, "There is no memory for attention.");
    }
    for (ggml_tensor * tensor : {queries, keys, values}) {
        ggml_backend_tensor_memset(tensor, 0, 0, ggml_nbytes(tensor));
    }
    const int64_t own = shape.tokens / shape.sequences;
    std::vector<ggml_fp16_t> seen(static_cast<size_t>(cells * shape.tokens), ggml_fp32_to_fp16(-INFINITY));
    double visible = 0;
    for (int64_t token = 0; token < shape.tokens; token++) {
        const auto row = seen.begin() + token * cells;
        const int64_t first = before + token / own * own, last = before + token;
        std::fill(row + shape.unseen, row + before, ggml_fp16_t(0));
        std::fill(row + first, row + last + 1, ggml_fp16_t(0));
        visible += static_cast<double>(shape.prompt + last + 1 - first);
    }
    ggml_backend_tensor_set(mask, seen.data(), 0, ggml_nbytes(mask));
    use_activations(activations);
    return rate_of(4.0 * visible * static_cast<double>(shape.length * shape.heads), [&] {
        if (ggml_backend_graph_compute(backend.get(), graph) != GGML_STATUS_SUCCESS) {
            throw EngineError(ErrorCode::decode_failed, "The CPU could not compute attention.");
        }
    });
}

double measure_upload(const std::string & name) {
    constexpr size_t bytes = size_t(64) << 20;
    ggml_backend_dev_t device = device_by_name(name);
    ggml_backend_buffer_type_t pinned_type = ggml_backend_dev_host_buffer_type(device);
    if (!pinned_type || ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) {
        return 0;
    }
    const ggml_backend_ptr backend = start_backend(device, 1);
    const ggml_backend_buffer_ptr pinned(ggml_backend_buft_alloc_buffer(pinned_type, bytes));
    const ggml_context_ptr context(ggml_init({2 * ggml_tensor_overhead(), nullptr, true}));
    ggml_tensor * target = ggml_new_tensor_1d(context.get(), GGML_TYPE_I8, static_cast<int64_t>(bytes));
    const ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend.get()));
    if (!pinned || !buffer) {
        throw EngineError(ErrorCode::out_of_memory, "The device " + name + " has no memory for a copy.");
    }
    return rate_of(static_cast<double>(bytes), [&] {
        ggml_backend_tensor_set(target, ggml_backend_buffer_get_base(pinned.get()), 0, bytes);
        ggml_backend_synchronize(backend.get());
    });
}

#ifdef __linux__

double measure_disk(const std::string & path) {
    constexpr size_t piece = size_t(4) << 20;
    constexpr size_t alignment = 4096;
    // The system reads straight into memory of ours that is aligned as disks want it.
    const int file = open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (file < 0) {
        return 0;
    }
    const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(alignment, piece), &std::free);
    const Clock::time_point start = Clock::now();
    double bytes = 0;
    off_t at = 0;
    while (memory && seconds_since(start) < measured_seconds) {
        const ssize_t n = pread(file, memory.get(), piece, at);
        if (n < 0) {
            bytes = 0;
            break;
        }
        bytes += static_cast<double>(n);
        // The file's beginning again after its end; what the disk itself keeps is part of its speed.
        at = n == static_cast<ssize_t>(piece) ? at + n : 0;
        if (n == 0 && bytes == 0) {
            break;
        }
    }
    close(file);
    return bytes / seconds_since(start);
}

#else

double measure_disk(const std::string &) {
    return 0;
}

#endif

}  // namespace inform
