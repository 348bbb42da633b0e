#include "engine/scoring/score_head.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/runtime/devices.h"

namespace inform {

namespace {

// W1 is used a tile of rows at a time, converted to F32 on the way, so that the arithmetic is F32 (ggml's own product
// of a BF16 or quantized matrix would round the activations to that type) without an F32 copy of the whole matrix.
constexpr int64_t tile_elements = 4 * 1024 * 1024;

constexpr int64_t head_format = 1;

[[noreturn]] void unsupported(const GgufFile & file, const std::string & what) {
    throw EngineError(ErrorCode::unsupported_model, "The score head in " + file.path() + " " + what + ".");
}

void row_to_f32(ggml_type type, const uint8_t * stored, int64_t n, float * values) {
    if (type == GGML_TYPE_F32) {
        std::memcpy(values, stored, n * sizeof(float));
    } else {
        ggml_get_type_traits(type)->to_float(stored, values, n);
    }
}

// The tensor's bytes as they lie in the file. Throws for weights that are not finite.
std::vector<uint8_t> read_finite(const GgufFile & file, const GgufFile::Tensor & tensor) {
    std::vector<uint8_t> bytes = file.read(tensor);
    const size_t row_size = ggml_row_size(tensor.type, tensor.columns);
    std::vector<float> row(tensor.columns);
    for (int64_t r = 0; r < tensor.rows; r++) {
        row_to_f32(tensor.type, bytes.data() + r * row_size, tensor.columns, row.data());
        if (!std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); })) {
            throw EngineError(ErrorCode::invalid_model_file,
                              "Tensor " + tensor.name + " of " + file.path() +
                                  " holds NaN or infinite weights. Download or convert it again.");
        }
    }
    return bytes;
}

void check_convertible(const GgufFile & file, const GgufFile::Tensor & tensor) {
    if (tensor.type != GGML_TYPE_F32 && !ggml_get_type_traits(tensor.type)->to_float) {
        unsupported(file, "stores " + tensor.name + " as " + ggml_type_name(tensor.type) + ", which is no weight type");
    }
}

// Into a tensor of F32.
void load_vector(const GgufFile & file, const GgufFile::Tensor & tensor, ggml_tensor * target) {
    check_convertible(file, tensor);
    const std::vector<uint8_t> bytes = read_finite(file, tensor);
    std::vector<float> values(tensor.columns);
    row_to_f32(tensor.type, bytes.data(), tensor.columns, values.data());
    ggml_backend_tensor_set(target, values.data(), 0, values.size() * sizeof(float));
}

void check_length(const GgufFile & file, const GgufFile::Tensor & tensor, int64_t expected) {
    if (tensor.dimensions != 1 || tensor.columns != expected) {
        unsupported(file, "has " + std::to_string(tensor.columns * tensor.rows) + " values in " + tensor.name +
                              " where " + std::to_string(expected) + " are expected (one reward per sequence)");
    }
}

// The rules of checkDeclared in src/head/gguf-head.ts; a test (test/engine/both-readers.test.ts) holds the two
// together.
void check_declared_format(const GgufFile & file) {
    const auto format = file.integer("inform.head.format");
    if (format.value_or(head_format) != head_format) {
        unsupported(file,
                    "has format " + std::to_string(*format) + ", but this version reads format 1. Update inform-score");
    }
    const auto activation = file.string("inform.head.activation");
    if (!activation) {
        unsupported(file,
                    "does not say its activation (inform.head.activation). Convert the checkpoint with inform-score");
    }
    if (*activation != "relu") {
        unsupported(file, "uses the activation " + *activation + ", but only relu is known");
    }
}

}  // namespace

struct ScoreHead::Tensors {
    GgufFile::Tensor output;
    std::optional<GgufFile::Tensor> output_bias;
    std::optional<GgufFile::Tensor> hidden;
    std::optional<GgufFile::Tensor> hidden_bias;
};

ScoreHead::ScoreHead(const GgufFile & file, int64_t n_embd) : n_embd_(n_embd) {
    const Tensors tensors = find(file);
    check(file, tensors);
    read_scale(file);
    allocate(tensors);
    load(file, tensors);
}

ScoreHead::Tensors ScoreHead::find(const GgufFile & file) {
    const auto output = file.tensor("cls.output.weight");
    if (!output) {
        throw EngineError(ErrorCode::model_has_no_head,
                          file.path() + " has no score head (no tensor cls.output.weight), so it cannot score. Use a "
                                        "conversion that kept the head, or name the head's own file with score_head.");
    }
    Tensors tensors = {*output, file.tensor("cls.output.bias"), file.tensor("cls.weight"), file.tensor("cls.bias")};
    if (!tensors.hidden) {
        tensors.hidden_bias.reset();
    }
    return tensors;
}

void ScoreHead::check(const GgufFile & file, const Tensors & tensors) const {
    const auto & hidden = tensors.hidden;
    if (hidden) {
        check_declared_format(file);
        if (hidden->dimensions > 2 || hidden->columns != n_embd_) {
            unsupported(file, "takes hidden states of " + std::to_string(hidden->columns) +
                                  " values, but the model's have " + std::to_string(n_embd_));
        }
    }
    const int64_t width = hidden ? hidden->rows : n_embd_;
    check_length(file, tensors.output, width);
    if (hidden) {
        check_convertible(file, *hidden);
    }
    if (tensors.hidden_bias) {
        check_length(file, *tensors.hidden_bias, width);
    }
    if (tensors.output_bias) {
        check_length(file, *tensors.output_bias, 1);
    }
}

void ScoreHead::read_scale(const GgufFile & file) {
    for (const auto & [key, value] : {std::pair("inform.head.mean", &mean_), {"inform.head.deviation", &deviation_}}) {
        if (file.has(key)) {
            *value = file.real(key).value_or(std::numeric_limits<float>::quiet_NaN());
        }
    }
    if (!std::isfinite(mean_) || !std::isfinite(deviation_) || deviation_ <= 0) {
        unsupported(file,
                    "states a mean or deviation of rewards that is none (inform.head.mean, inform.head.deviation)");
    }
}

void ScoreHead::allocate(const Tensors & tensors) {
    const ggml_init_params params = {4 * ggml_tensor_overhead(), nullptr, /*no_alloc=*/true};
    context_.reset(ggml_init(params));
    const auto new_vector = [this](const GgufFile::Tensor & tensor) {
        return ggml_new_tensor_1d(context_.get(), GGML_TYPE_F32, tensor.columns);
    };
    output_ = new_vector(tensors.output);
    output_bias_ = tensors.output_bias ? new_vector(*tensors.output_bias) : nullptr;
    hidden_bias_ = tensors.hidden_bias ? new_vector(*tensors.hidden_bias) : nullptr;
    if (const auto & hidden = tensors.hidden) {
        hidden_ = ggml_new_tensor_2d(context_.get(), hidden->type, hidden->columns, hidden->rows);
    }
    buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(context_.get(), ggml_backend_cpu_buffer_type()));
    if (!buffer_) {
        throw EngineError(ErrorCode::out_of_memory, "There is not enough memory for the score head.");
    }
    ggml_backend_buffer_set_usage(buffer_.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
}

void ScoreHead::load(const GgufFile & file, const Tensors & tensors) {
    if (tensors.hidden) {
        const std::vector<uint8_t> bytes = read_finite(file, *tensors.hidden);
        ggml_backend_tensor_set(hidden_, bytes.data(), 0, bytes.size());
    }
    if (tensors.hidden_bias) {
        load_vector(file, *tensors.hidden_bias, hidden_bias_);
    }
    load_vector(file, tensors.output, output_);
    if (tensors.output_bias) {
        load_vector(file, *tensors.output_bias, output_bias_);
    }
}

HeadRunner::HeadRunner(std::shared_ptr<const ScoreHead> head, int n_threads)
    : head_(std::move(head)),
      backend_(start_backend(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU), n_threads)),
      allocator_(ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend_.get()))) {}

struct HeadRunner::Graph {
    ggml_context_ptr context;
    ggml_cgraph * graph;
    ggml_tensor * hidden;  // the input, [n_embd, n]
    ggml_tensor * reward;  // [1, n]
    // The sums of all pre-activations, finite only if every one of them is, [1, n]; null for a one-layer head.
    ggml_tensor * check;
};

std::vector<float> HeadRunner::apply(const std::vector<float> & hidden, int64_t n) {
    const Graph graph = build(n);
    compute(graph, hidden);

    std::vector<float> rewards(n);
    ggml_backend_tensor_get(graph.reward, rewards.data(), 0, n * sizeof(float));
    for (float & reward : rewards) {
        reward = (reward - head_->mean_) / head_->deviation_;
    }
    if (graph.check) {
        std::vector<float> sums(n);
        ggml_backend_tensor_get(graph.check, sums.data(), 0, n * sizeof(float));
        for (int64_t i = 0; i < n; i++) {
            if (!std::isfinite(sums[i])) {
                rewards[i] = std::numeric_limits<float>::quiet_NaN();
            }
        }
    }
    return rewards;
}

HeadRunner::Graph HeadRunner::build(int64_t n) const {
    const ScoreHead & head = *head_;
    const int64_t tile = std::max<int64_t>(1, tile_elements / head.n_embd_);
    const int64_t n_tiles = (head.n_hidden() + tile - 1) / tile;
    const size_t n_nodes = 16 + 16 * n_tiles;
    const ggml_init_params params = {n_nodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(n_nodes, false),
                                     nullptr,
                                     /*no_alloc=*/true};
    ggml_context_ptr context(ggml_init(params));
    ggml_context * ctx = context.get();

    ggml_tensor * hidden = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, head.n_embd_, n);
    ggml_set_input(hidden);
    ggml_tensor * reward = nullptr;
    ggml_tensor * check = nullptr;
    const auto add = [ctx](ggml_tensor * sum, ggml_tensor * term) { return sum ? ggml_add(ctx, sum, term) : term; };
    for (int64_t first = 0; first < head.n_hidden(); first += tile) {
        const int64_t rows = std::min(tile, head.n_hidden() - first);
        ggml_tensor * pre = pre_activations(ctx, hidden, first, rows);
        check = add(check, ggml_sum_rows(ctx, pre));
        ggml_tensor * w2 = ggml_view_1d(ctx, head.output_, rows, first * sizeof(float));
        reward = add(reward, ggml_mul_mat(ctx, w2, ggml_relu(ctx, pre)));
    }
    if (!reward) {
        reward = ggml_mul_mat(ctx, head.output_, hidden);
    }
    if (head.output_bias_) {
        reward = ggml_add(ctx, reward, head.output_bias_);
    }

    ggml_cgraph * graph = ggml_new_graph_custom(ctx, n_nodes, false);
    for (ggml_tensor * output : {reward, check}) {
        if (output) {
            ggml_set_output(output);
            ggml_build_forward_expand(graph, output);
        }
    }
    return {std::move(context), graph, hidden, reward, check};
}

// [rows, n], for a tile of W1's rows that begins at `first`.
ggml_tensor * HeadRunner::pre_activations(ggml_context * ctx, ggml_tensor * hidden, int64_t first, int64_t rows) const {
    const ScoreHead & head = *head_;
    const size_t row_size = head.hidden_->nb[1];
    ggml_tensor * w1 = ggml_view_2d(ctx, head.hidden_, head.n_embd_, rows, row_size, first * row_size);
    if (w1->type != GGML_TYPE_F32) {
        w1 = ggml_cast(ctx, w1, GGML_TYPE_F32);
    }
    ggml_tensor * pre = ggml_mul_mat(ctx, w1, hidden);
    return head.hidden_bias_ ? ggml_add(ctx, pre, ggml_view_1d(ctx, head.hidden_bias_, rows, first * sizeof(float)))
                             : pre;
}

void HeadRunner::compute(const Graph & graph, const std::vector<float> & hidden) {
    if (!ggml_gallocr_alloc_graph(allocator_.get(), graph.graph)) {
        throw EngineError(ErrorCode::out_of_memory, "There is not enough memory to apply the score head.");
    }
    ggml_backend_tensor_set(graph.hidden, hidden.data(), 0, ggml_nbytes(graph.hidden));
    if (ggml_backend_graph_compute(backend_.get(), graph.graph) != GGML_STATUS_SUCCESS) {
        throw EngineError(ErrorCode::decode_failed, "The score head could not be computed.");
    }
}

}  // namespace inform
