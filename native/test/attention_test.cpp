// Our attention against the same arithmetic in double precision.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <vector>

#include "engine/runtime/activations.h"
#include "engine/runtime/devices.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml.h"
#include "test/test.h"
#include "test/units.h"

namespace inform::test {

namespace {

struct Shape {
    ggml_type type;  // of keys and values
    int64_t length, value_length, tokens, cells, heads, sharing;
    float cap;
};

std::string to_string(const Shape & shape) {
    return std::string(ggml_type_name(shape.type)) + ", " + std::to_string(shape.length) + " and " +
           std::to_string(shape.value_length) + " numbers, " + std::to_string(shape.tokens) + " tokens, " +
           std::to_string(shape.cells) + " cells, " + std::to_string(shape.heads) + " heads of " +
           std::to_string(shape.sharing);
}

struct Attention {
    Shape shape;
    std::vector<float> queries;       // [heads * sharing][tokens][length]
    std::vector<float> keys, values;  // [heads][cells][length]
    std::vector<uint8_t> key_bytes, value_bytes;
    std::vector<ggml_fp16_t> mask;  // [tokens][cells]; empty for none

    Attention(const Shape & shape, float size, std::mt19937 & random) : shape(shape) {
        std::normal_distribution<float> bell;
        const auto fill = [&](std::vector<float> & numbers, int64_t count, float scale) {
            numbers.resize(static_cast<size_t>(count));
            for (float & number : numbers) {
                number = scale * bell(random);
            }
        };
        fill(queries, shape.heads * shape.sharing * shape.tokens * shape.length, size);
        fill(keys, shape.heads * shape.cells * shape.length, 1);
        fill(values, shape.heads * shape.cells * shape.value_length, 1);
        key_bytes = stored(keys);
        value_bytes = stored(values);
    }

    // What the cache holds, and makes of the numbers.
    std::vector<uint8_t> stored(std::vector<float> & numbers) const {
        const auto count = static_cast<int64_t>(numbers.size());
        std::vector<uint8_t> bytes(numbers.size() * ggml_type_size(shape.type));
        const auto * floats = reinterpret_cast<const uint8_t *>(numbers.data());
        switch (shape.type) {
            case GGML_TYPE_F16:
                ggml_fp32_to_fp16_row(numbers.data(), reinterpret_cast<ggml_fp16_t *>(bytes.data()), count);
                break;
            case GGML_TYPE_BF16:
                ggml_fp32_to_bf16_row(numbers.data(), reinterpret_cast<ggml_bf16_t *>(bytes.data()), count);
                break;
            default: bytes.assign(floats, floats + bytes.size()); return bytes;
        }
        ggml_get_type_traits(shape.type)->to_float(bytes.data(), numbers.data(), count);
        return bytes;
    }

    // A mask with holes of all sizes, whole blocks among them, and some numbers that are neither 0 nor -infinity.
    void hide(std::mt19937 & random) {
        mask.resize(static_cast<size_t>(shape.tokens * shape.cells));
        for (int64_t token = 0; token < shape.tokens; ++token) {
            int64_t cell = 0;
            while (cell < shape.cells) {
                const bool hidden = random() % 2;
                const int64_t end = std::min<int64_t>(shape.cells, cell + 1 + random() % (random() % 3 ? 20 : 200));
                for (; cell < end; ++cell) {
                    const float value = hidden              ? -std::numeric_limits<float>::infinity()
                                        : random() % 8 == 0 ? -0.5f
                                                            : 0.0f;
                    mask[static_cast<size_t>(token * shape.cells + cell)] = ggml_fp32_to_fp16(value);
                }
            }
        }
    }

    double mask_of(int64_t token, int64_t cell) const {
        return mask.empty() ? 0 : ggml_fp16_to_fp32(mask[static_cast<size_t>(token * shape.cells + cell)]);
    }

    float scale() const { return 1 / std::sqrt(static_cast<float>(shape.length)); }

    // One token of it, with all cells.
    Attention alone(int64_t token) const {
        Attention other = *this;
        other.shape.tokens = 1;
        other.queries.clear();
        for (int64_t head = 0; head < shape.heads * shape.sharing; ++head) {
            const auto from = queries.begin() + (head * shape.tokens + token) * shape.length;
            other.queries.insert(other.queries.end(), from, from + shape.length);
        }
        if (!mask.empty()) {
            const auto from = mask.begin() + token * shape.cells;
            other.mask.assign(from, from + shape.cells);
        }
        return other;
    }

    // [tokens][heads * sharing][value_length]
    std::vector<float> compute(Activations how, int threads) const {
        const ggml_backend_ptr backend = start_backend(device_by_name("CPU"), threads);
        const ggml_context_ptr context(ggml_init({8 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
        ggml_context * ctx = context.get();
        ggml_tensor * q =
            ggml_new_tensor_3d(ctx, GGML_TYPE_F32, shape.length, shape.tokens, shape.heads * shape.sharing);
        ggml_tensor * k = ggml_new_tensor_3d(ctx, shape.type, shape.length, shape.cells, shape.heads);
        ggml_tensor * v = ggml_new_tensor_3d(ctx, shape.type, shape.value_length, shape.cells, shape.heads);
        ggml_tensor * m = mask.empty() ? nullptr : ggml_new_tensor_2d(ctx, GGML_TYPE_F16, shape.cells, shape.tokens);
        ggml_tensor * node = ggml_flash_attn_ext(ctx, q, k, v, m, scale(), 0, shape.cap);
        ggml_cgraph * graph = ggml_new_graph(ctx);
        ggml_build_forward_expand(graph, node);
        const ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(ctx, backend.get()));
        ggml_backend_tensor_set(q, queries.data(), 0, ggml_nbytes(q));
        ggml_backend_tensor_set(k, key_bytes.data(), 0, ggml_nbytes(k));
        ggml_backend_tensor_set(v, value_bytes.data(), 0, ggml_nbytes(v));
        if (m) {
            ggml_backend_tensor_set(m, mask.data(), 0, ggml_nbytes(m));
        }
        use_activations(how);
        const ggml_status status = ggml_backend_graph_compute(backend.get(), graph);
        use_activations(Activations::ggml);
        expect(status == GGML_STATUS_SUCCESS, "attention is computed");
        std::vector<float> result(static_cast<size_t>(ggml_nelements(node)));
        ggml_backend_tensor_get(node, result.data(), 0, ggml_nbytes(node));
        return result;
    }

    // A product's error, and that of summing it, makes each weight wrong by a part of about what its terms come to, and
    // the sums after it lose as much again. Two pieces of BF16 are within 2^-16.
    void expect_near(Activations how) const {
        const std::vector<float> result = compute(how, 2);
        const double step = how == Activations::f32 ? 1e-6 : 2e-5;
        for (int64_t token = 0; token < shape.tokens; ++token) {
            for (int64_t head = 0; head < shape.heads * shape.sharing; ++head) {
                const float * query = queries.data() + (head * shape.tokens + token) * shape.length;
                const int64_t cached = head / shape.sharing * shape.cells;
                std::vector<double> scores(static_cast<size_t>(shape.cells));
                double largest = -std::numeric_limits<double>::infinity(), terms = 1;
                for (int64_t cell = 0; cell < shape.cells; ++cell) {
                    const float * key = keys.data() + (cached + cell) * shape.length;
                    double score = 0, size = 0;
                    for (int64_t i = 0; i < shape.length; ++i) {
                        score += double(query[i]) * key[i] * scale();
                        size += std::fabs(double(query[i]) * key[i] * scale());
                    }
                    if (shape.cap != 0) {
                        score = shape.cap * std::tanh(score / shape.cap);
                    }
                    scores[cell] = score + mask_of(token, cell);
                    largest = std::max(largest, scores[cell]);
                    terms = std::max(terms, size);
                }
                double sum = 0;
                for (double & score : scores) {
                    score = largest == -std::numeric_limits<double>::infinity() ? 0 : std::exp(score - largest);
                    sum += score;
                }
                const float * found = result.data() + (token * shape.heads * shape.sharing + head) * shape.value_length;
                for (int64_t i = 0; i < shape.value_length; ++i) {
                    double value = 0, size = 1e-30;
                    for (int64_t cell = 0; cell < shape.cells; ++cell) {
                        const double part = scores[cell] * values[(cached + cell) * shape.value_length + i];
                        value += part;
                        size += std::fabs(part);
                    }
                    const double wanted = sum == 0 ? 0 : value / sum, error = std::fabs(found[i] - wanted);
                    const double bound = step * (1 + terms) * (sum == 0 ? 0 : size / sum);
                    expect_within(error, bound, [&] { return to_string(shape); });
                }
            }
        }
    }
};

// The ways that this CPU has.
std::vector<Activations> ways() {
    std::vector<Activations> found = {Activations::f32};
    if (has_amx_kernels()) {
        found.push_back(Activations::bf16x2);
    }
    return found;
}

// A token's part of a result.
std::vector<float> part_of(const std::vector<float> & result, int64_t tokens, int64_t token) {
    const auto length = static_cast<int64_t>(result.size()) / tokens;
    return {result.begin() + token * length, result.begin() + (token + 1) * length};
}

}  // namespace

void test_attention() {
    if (!has_kernels()) {
        std::printf("skip  our attention: this CPU has neither AVX2 nor NEON\n");
        return;
    }
    std::mt19937 random(8);

    test("our attention is that of double precision, for every type, shape, mask and size of scores", [&] {
        // Tails of every kind: of vectors, of tiles, of blocks, of groups; one row alone.
        const Shape shapes[] = {
            {GGML_TYPE_F16, 64, 64, 70, 300, 2, 4, 0},  {GGML_TYPE_F32, 64, 64, 33, 257, 3, 3, 0},
            {GGML_TYPE_BF16, 32, 32, 9, 130, 1, 1, 0},  {GGML_TYPE_F16, 128, 128, 12, 192, 2, 2, 50},
            {GGML_TYPE_F32, 256, 256, 5, 90, 1, 2, 5},  {GGML_TYPE_F16, 80, 80, 1, 64, 2, 5, 0},
            {GGML_TYPE_F16, 72, 40, 17, 7, 2, 1, 0},    {GGML_TYPE_F16, 8, 16, 3, 1, 1, 7, 0},
            {GGML_TYPE_F32, 96, 112, 50, 65, 1, 12, 0},
        };
        for (const Shape & shape : shapes) {
            for (float size : {0.0f, 1.0f, 40.0f}) {
                for (Activations how : ways()) {
                    Attention attention(shape, size, random);
                    attention.expect_near(how);
                    attention.hide(random);
                    attention.expect_near(how);
                }
            }
        }
    });

    test("attention's bits depend neither on the threads nor on the tokens beside it", [&] {
        for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_F32}) {
            Attention attention({type, 64, 64, 61, 700, 2, 3, 0}, 2, random);
            attention.hide(random);
            for (Activations how : ways()) {
                const std::vector<float> whole = attention.compute(how, 1);
                expect(attention.compute(how, 3) == whole, "equal with three threads");
                for (int64_t token : {0, 30, 60}) {
                    expect(attention.alone(token).compute(how, 2) == part_of(whole, 61, token), "equal alone");
                }
            }
        }
    });

    test("a query that is not finite spoils its own token, and one that sees no cell is zero", [&] {
        for (float poison : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            Attention attention({GGML_TYPE_F16, 64, 64, 20, 100, 1, 1, 0}, 1, random);
            attention.mask.assign(20 * 100, 0);
            std::fill(attention.mask.begin() + 7 * 100, attention.mask.begin() + 8 * 100,
                      ggml_fp32_to_fp16(-std::numeric_limits<float>::infinity()));
            attention.queries[4 * 64 + 3] = poison;
            for (Activations how : ways()) {
                const std::vector<float> result = attention.compute(how, 2);
                for (int64_t token = 0; token < 20; ++token) {
                    for (float value : part_of(result, 20, token)) {
                        expect(std::isfinite(value) == (token != 4) && (token != 7 || value == 0),
                               "its own token alone");
                    }
                }
            }
        }
    });
}

}  // namespace inform::test
