// Our matrix products against the same weights as floats, multiplied in double precision.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
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

constexpr ggml_type quantized[] = {GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0,   GGML_TYPE_Q5_1,
                                   GGML_TYPE_Q8_0, GGML_TYPE_Q2_K, GGML_TYPE_Q3_K,   GGML_TYPE_Q4_K,
                                   GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS};
constexpr ggml_type floating[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16};

// What weights look like: drawn from a bell curve, huge, so small that a block's scale is a denormal half, all zero, or
// all the same.
enum class Kind { usual, huge, tiny, zero, constant };

struct Matrix {
    ggml_type type;
    int64_t length, rows;
    std::vector<uint8_t> bytes;
    std::vector<float> values;  // what the bytes mean

    Matrix(ggml_type type, int64_t length, int64_t rows, Kind kind, std::mt19937 & random)
        : type(type), length(length), rows(rows), bytes(ggml_row_size(type, length) * rows), values(length * rows) {
        std::normal_distribution<float> bell;
        const float scale = kind == Kind::huge   ? 4000.0f
                            : kind == Kind::tiny ? 1e-6f
                            : kind == Kind::zero ? 0.0f
                                                 : 0.02f;
        for (float & value : values) {
            value = scale * (kind == Kind::constant ? 1.0f : bell(random));
        }
        const std::vector<float> importance(length, 1.0f);
        ggml_quantize_chunk(type, values.data(), bytes.data(), 0, rows, length, importance.data());
        if (type == GGML_TYPE_F32) {
            std::memcpy(bytes.data(), values.data(), bytes.size());
        }
        for (int64_t row = 0; type != GGML_TYPE_F32 && row < rows; ++row) {
            ggml_get_type_traits(type)->to_float(bytes.data() + row * ggml_row_size(type, length),
                                                 values.data() + row * length, length);
        }
    }
};

std::vector<float> activations_of(int64_t length, int64_t rows, std::mt19937 & random) {
    std::normal_distribution<float> bell;
    std::vector<float> values(length * rows);
    for (float & value : values) {
        value = bell(random);
    }
    // Language models have single values a thousand times as large as the others.
    for (int64_t row = 0; row < rows; row += 3) {
        values[row * length + row % length] *= 1000.0f;
    }
    return values;
}

std::vector<float> multiply(const Matrix & matrix, const std::vector<float> & activations, Activations how,
                            int threads) {
    const int64_t rows = static_cast<int64_t>(activations.size()) / matrix.length;
    const ggml_backend_ptr backend = start_backend(device_by_name("CPU"), threads);
    const ggml_context_ptr context(ggml_init({8 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
    ggml_tensor * weights = ggml_new_tensor_2d(context.get(), matrix.type, matrix.length, matrix.rows);
    ggml_tensor * input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, matrix.length, rows);
    ggml_tensor * product = ggml_mul_mat(context.get(), weights, input);
    ggml_cgraph * graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, product);
    const ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend.get()));
    ggml_backend_tensor_set(weights, matrix.bytes.data(), 0, matrix.bytes.size());
    ggml_backend_tensor_set(input, activations.data(), 0, activations.size() * sizeof(float));
    use_activations(how);
    const ggml_status status = ggml_backend_graph_compute(backend.get(), graph);
    use_activations(Activations::ggml);
    expect(status == GGML_STATUS_SUCCESS, "the product is computed");
    std::vector<float> result(matrix.rows * rows);
    ggml_backend_tensor_get(product, result.data(), 0, result.size() * sizeof(float));
    return result;
}

// The ways that this CPU has.
std::vector<Activations> ways() {
    std::vector<Activations> found = {Activations::int16, Activations::f32};
    if (has_int8_kernels()) {
        found.push_back(Activations::int8);
    }
    if (has_amx_kernels()) {
        found.push_back(Activations::bf16x2);
    }
    return found;
}

// Of rounding activations to 8 or 16 bits of the largest of those that share a scale, 256 at most: half a step each. Of
// rounding both factors to two pieces of BF16: half of their last bits. Of summing in F32: what 2000
// additions may lose.
void expect_near(const Matrix & matrix, const std::vector<float> & activations, Activations how,
                 const std::vector<float> & result, const std::string & what) {
    const bool rounds = how != Activations::f32 && ggml_is_quantized(matrix.type);
    const double step = !rounds                     ? 0
                        : how == Activations::int16 ? 0.51 / 32767
                        : how == Activations::int8  ? 0.51 / 127
                                                    : 0;
    const double part = rounds && how == Activations::bf16x2 ? 3.01 / 131072 : 0;
    const int64_t rows = static_cast<int64_t>(activations.size()) / matrix.length;
    for (int64_t row = 0; row < rows; ++row) {
        const float * values = activations.data() + row * matrix.length;
        std::vector<double> bounds(matrix.length);  // of a weight of 1
        for (int64_t begin = 0; begin < matrix.length; begin += 256) {
            const int64_t end = std::min(matrix.length, begin + 256);
            double largest = 0;
            for (int64_t k = begin; k < end; ++k) {
                largest = std::max(largest, std::fabs(double(values[k])));
            }
            for (int64_t k = begin; k < end; ++k) {
                bounds[k] = step * largest + (part + 2e-6) * std::fabs(double(values[k]));
            }
        }
        for (int64_t output = 0; output < matrix.rows; ++output) {
            const float * weights = matrix.values.data() + output * matrix.length;
            double sum = 0, bound = 1e-30;
            for (int64_t k = 0; k < matrix.length; ++k) {
                sum += double(weights[k]) * values[k];
                bound += std::fabs(double(weights[k])) * bounds[k];
            }
            // A weight with an offset is the difference of two larger numbers.
            bound *= 4;
            const double error = std::fabs(result[row * matrix.rows + output] - sum);
            expect_within(error, bound, [&] { return what; });
        }
    }
}

// A row of weights in blocks of 32, each with a scale, and an offset that may be zero.
struct Block {
    float scale, offset;
    int quants[32];
};

std::vector<Block> blocks_of(const Matrix & matrix, int64_t row) {
    const uint8_t * at = matrix.bytes.data() + row * ggml_row_size(matrix.type, matrix.length);
    const auto half = [&at] {
        ggml_fp16_t bits;
        std::memcpy(&bits, at, sizeof bits);
        at += sizeof bits;
        return ggml_fp16_to_fp32(bits);
    };
    std::vector<Block> blocks(matrix.length / 32);
    for (Block & block : blocks) {
        block.scale = half();
        if (matrix.type == GGML_TYPE_Q8_0) {
            block.offset = 0;
            for (int & quant : block.quants) {
                quant = static_cast<int8_t>(*at++);
            }
            continue;
        }
        block.offset = half();  // Q4_1: nibbles, the low ones first
        for (int i = 0; i < 16; ++i, ++at) {
            block.quants[i] = *at & 15;
            block.quants[i + 16] = *at >> 4;
        }
    }
    return blocks;
}

// A product with activations of 16 bits, number by number, as docs/kernels.md has it.
float product_of(const std::vector<Block> & blocks, const float * activations) {
    float product = 0;
    for (size_t first = 0; first < blocks.size(); first += 8) {
        const size_t end = std::min(blocks.size(), first + 8);
        float largest = 0;
        for (size_t k = first * 32; k < end * 32; ++k) {
            largest = std::max(largest, std::fabs(activations[k]));
        }
        float sum = 0;
        for (size_t b = first; b < end; ++b) {
            int dot = 0, of_activations = 0;
            for (int i = 0; i < 32; ++i) {
                const auto quant = static_cast<int>(std::nearbyint(activations[b * 32 + i] * (32767 / largest)));
                dot += blocks[b].quants[i] * quant;
                of_activations += quant;
            }
            sum = std::fma(static_cast<float>(dot), blocks[b].scale, sum);
            sum = std::fma(blocks[b].offset, static_cast<float>(of_activations), sum);
        }
        product = std::fma(sum, largest / 32767, product);
    }
    return product;
}

}  // namespace

void test_kernels() {
    if (!has_kernels()) {
        std::printf("skip  our matrix products: this CPU has neither AVX2 nor NEON\n");
        return;
    }
    std::mt19937 random(28);

    test("our products are those of the weights' floats, for every type, kind of weights and size", [&] {
        struct Shape {
            int64_t length, outputs, rows;
        };
        // Tails of every kind: of blocks, of columns, of rows; one row alone, and more rows than pass a tile at once.
        const Shape shapes[] = {{256, 33, 7}, {768, 64, 13}, {1280, 5, 1}, {256, 9, 500}, {96, 40, 6}, {576, 17, 29}};
        for (const Shape & shape : shapes) {
            const auto activations = activations_of(shape.length, shape.rows, random);
            const auto check = [&](ggml_type type, Kind kind) {
                if (shape.length % ggml_blck_size(type) != 0) {
                    return;
                }
                const Matrix matrix(type, shape.length, shape.outputs, kind, random);
                for (Activations how : ways()) {
                    expect_near(matrix, activations, how, multiply(matrix, activations, how, 2),
                                std::string(ggml_type_name(type)) + ", rows of " + std::to_string(shape.length) + ", " +
                                    std::to_string(shape.outputs) + " by " + std::to_string(shape.rows));
                }
            };
            for (ggml_type type : quantized) {
                for (Kind kind : {Kind::usual, Kind::huge, Kind::tiny, Kind::zero, Kind::constant}) {
                    check(type, kind);
                }
            }
            for (ggml_type type : floating) {
                check(type, Kind::usual);
            }
        }
    });

    test("a product's bits depend neither on the threads nor on the rows beside it", [&] {
        const auto activations = activations_of(768, 100, random);
        for (ggml_type type : {GGML_TYPE_Q4_K, GGML_TYPE_Q6_K, GGML_TYPE_Q8_0, GGML_TYPE_BF16}) {
            const Matrix matrix(type, 768, 300, Kind::usual, random);
            for (Activations how : ways()) {
                const auto whole = multiply(matrix, activations, how, 1);
                expect(multiply(matrix, activations, how, 3) == whole, "equal with three threads");
                const std::vector<float> last(activations.end() - 768, activations.end());
                const std::vector<float> alone = multiply(matrix, last, how, 2);
                expect(std::equal(alone.begin(), alone.end(), whole.end() - 300), "equal alone");
            }
        }
    });

    test("with activations of 16 bits every CPU has the same bits, which are those of the formula", [&] {
        const int64_t length = 608, outputs = 50, rows = 11;
        const auto activations = activations_of(length, rows, random);
        for (ggml_type type : {GGML_TYPE_Q8_0, GGML_TYPE_Q4_1}) {
            const Matrix matrix(type, length, outputs, Kind::usual, random);
            const auto result = multiply(matrix, activations, Activations::int16, 2);
            for (int64_t output = 0; output < outputs; ++output) {
                const auto blocks = blocks_of(matrix, output);
                for (int64_t row = 0; row < rows; ++row) {
                    const float expected = product_of(blocks, activations.data() + row * length);
                    expect(result[row * outputs + output] == expected, "equal bits");
                }
            }
        }
    });

    test("values that are not finite make their own row so, and no other", [&] {
        for (float poison : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                             -std::numeric_limits<float>::infinity()}) {
            for (ggml_type type : {GGML_TYPE_Q4_K, GGML_TYPE_Q8_0, GGML_TYPE_F16}) {
                const Matrix matrix(type, 512, 40, Kind::usual, random);
                auto activations = activations_of(512, 9, random);
                activations[4 * 512 + 300] = poison;
                for (Activations how : ways()) {
                    const auto result = multiply(matrix, activations, how, 2);
                    for (int64_t i = 0; i < static_cast<int64_t>(result.size()); ++i) {
                        expect(std::isfinite(result[i]) == (i / 40 != 4), "finite but in one row");
                    }
                }
            }
        }
    });
}

}  // namespace inform::test
