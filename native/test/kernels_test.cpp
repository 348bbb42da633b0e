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

// Where a block has its scale and its offset (or -1), both half floats; how many weights share a smaller one; and how
// many products of whole numbers are summed before they become a float.
struct Format {
    ggml_type type;
    int scale_at, offset_at;
    int group, summed;
    bool whole_scales;  // of groups, beside the block's
};

constexpr Format formats[] = {
    {GGML_TYPE_Q4_0, 0, -1, 32, 32, false},   {GGML_TYPE_Q4_1, 0, 2, 32, 32, false},
    {GGML_TYPE_Q5_0, 0, -1, 32, 32, false},   {GGML_TYPE_Q5_1, 0, 2, 32, 32, false},
    {GGML_TYPE_Q8_0, 0, -1, 32, 32, false},   {GGML_TYPE_Q2_K, 80, 82, 16, 64, true},
    {GGML_TYPE_Q3_K, 108, -1, 16, 64, true},  {GGML_TYPE_Q4_K, 0, 2, 32, 64, true},
    {GGML_TYPE_Q5_K, 0, 2, 32, 32, true},     {GGML_TYPE_Q6_K, 208, -1, 16, 16, true},
    {GGML_TYPE_IQ4_NL, 0, -1, 32, 32, false}, {GGML_TYPE_IQ4_XS, 0, -1, 32, 16, true},
};

// A row's blocks with other scales and offsets, as llama.cpp reads them: a scale of 1 leaves the whole numbers.
std::vector<float> read_with(const Format & format, std::vector<uint8_t> row, float scale, float offset) {
    const auto put = [&row](size_t at, float value) {
        const ggml_fp16_t bits = ggml_fp32_to_fp16(value);
        std::memcpy(row.data() + at, &bits, sizeof bits);
    };
    const size_t size = ggml_type_size(format.type), blocks = row.size() / size;
    for (size_t b = 0; b < blocks; ++b) {
        put(b * size + format.scale_at, scale);
        if (format.offset_at >= 0) {
            put(b * size + format.offset_at, offset);
        }
    }
    std::vector<float> values(blocks * ggml_blck_size(format.type));
    ggml_get_type_traits(format.type)->to_float(row.data(), values.data(), static_cast<int64_t>(values.size()));
    return values;
}

// A row of weights: a scale (of a block, in which each group has a whole one in its numbers) times a number, and an
// offset.
struct Row {
    const Format & format;
    std::vector<float> numbers, offsets, scales;

    Row(const Format & format, std::vector<uint8_t> bytes) : format(format), numbers(read_with(format, bytes, 1, 0)) {
        const size_t size = ggml_type_size(format.type);
        const auto half = [&bytes, size](size_t block, int at) {
            ggml_fp16_t bits;
            std::memcpy(&bits, bytes.data() + block * size + at, sizeof bits);
            return ggml_fp16_to_fp32(bits);
        };
        for (size_t b = 0; b < bytes.size() / size; ++b) {
            scales.push_back(half(b, format.scale_at));
        }
        const std::vector<float> units = read_with(format, bytes, 0, 1);
        for (size_t k = 0; k < numbers.size(); ++k) {
            const size_t block = k / ggml_blck_size(format.type);
            offsets.push_back(format.offset_at < 0 ? 0 : units[k] * half(block, format.offset_at));
        }
    }

    // The product with activations of 16 bits, number by number, as docs/kernels.md has it.
    float times(const float * activations) const {
        float product = 0;
        const size_t length = numbers.size();
        for (size_t first = 0; first < length; first += 256) {
            const size_t end = std::min(length, first + 256);
            float largest = 0;
            for (size_t k = first; k < end; ++k) {
                largest = std::max(largest, std::fabs(activations[k]));
            }
            const auto whole = [&](size_t k) {
                return static_cast<int64_t>(std::nearbyint(activations[k] * (32767 / largest)));
            };
            float sum = 0;
            for (size_t k = first; k < end; k += format.summed) {
                int64_t dot = 0;
                for (size_t i = k; i < k + format.summed; ++i) {
                    dot += static_cast<int64_t>(numbers[i]) * whole(i);
                }
                expect(dot == static_cast<int32_t>(dot), "it fits 32 bits");
                if (format.whole_scales) {
                    sum += static_cast<float>(dot);
                } else {
                    sum = add_offset(std::fma(static_cast<float>(dot), scales[k / 32], sum), k, whole);
                }
            }
            if (format.whole_scales) {
                sum *= scales[first / 256];
                for (size_t k = first; k < end; k += format.group) {
                    sum = add_offset(sum, k, whole);
                }
            }
            product = std::fma(sum, largest / 32767, product);
        }
        return product;
    }

    template <typename Whole>
    float add_offset(float sum, size_t k, const Whole & whole) const {
        int64_t of_activations = 0;
        for (size_t i = k; i < k + format.group; ++i) {
            of_activations += whole(i);
        }
        return std::fma(offsets[k], static_cast<float>(of_activations), sum);
    }
};

std::vector<uint8_t> row_of(const Matrix & matrix, int64_t row) {
    const auto size = static_cast<int64_t>(ggml_row_size(matrix.type, matrix.length));
    return {matrix.bytes.begin() + row * size, matrix.bytes.begin() + (row + 1) * size};
}

// Rows of blocks whose bytes are all the same, or random, but for scales and offsets.
void fill_with_extremes(Matrix & matrix, const Format & format, std::mt19937 & random) {
    const size_t size = ggml_type_size(format.type), of_row = ggml_row_size(matrix.type, matrix.length);
    const uint8_t same[] = {0x00, 0xff, 0x80, 0x7f, 0x0f, 0xf0};
    const ggml_fp16_t scale = ggml_fp32_to_fp16(0.01f);
    for (size_t at = 0; at < matrix.bytes.size(); ++at) {
        const size_t row = at / of_row;
        matrix.bytes[at] = row < std::size(same) ? same[row] : static_cast<uint8_t>(random());
    }
    for (size_t at = 0; at < matrix.bytes.size(); at += size) {
        std::memcpy(matrix.bytes.data() + at + format.scale_at, &scale, sizeof scale);
        if (format.offset_at >= 0) {
            std::memcpy(matrix.bytes.data() + at + format.offset_at, &scale, sizeof scale);
        }
    }
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
        const int64_t outputs = 50, rows = 11;
        for (const Format & format : formats) {
            const int64_t length = format.whole_scales ? 768 : 608;
            // Those of the last rows are as large as they can be, all of one sign or of both.
            auto activations = activations_of(length, rows, random);
            for (int64_t k = 0; k < length; ++k) {
                activations[(rows - 1) * length + k] = 1;
                activations[(rows - 2) * length + k] = k % 2 == 0 ? 1 : -1;
            }
            Matrix matrix(format.type, length, outputs, Kind::usual, random);
            for (const bool extreme : {false, true}) {
                if (extreme) {
                    fill_with_extremes(matrix, format, random);
                }
                const auto result = multiply(matrix, activations, Activations::int16, 2);
                for (int64_t output = 0; output < outputs; ++output) {
                    const Row weights(format, row_of(matrix, output));
                    for (int64_t row = 0; row < rows; ++row) {
                        const float expected = weights.times(activations.data() + row * length);
                        expect(result[row * outputs + output] == expected,
                               std::string(ggml_type_name(format.type)) + ": equal bits");
                    }
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
