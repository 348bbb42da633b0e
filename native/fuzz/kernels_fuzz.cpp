// Any bytes as blocks of any type of weights, against activations of which one is any finite float and the others of a
// block are of one size: a tile is decoded and multiplied, and its products are those of ggml's own weights in double
// precision.
//
// An input: the type, how it is computed, how many blocks of 256 a row has and how many rows of activations there are,
// a byte each; then the weights, and the activations as what is left. Where bytes run out they begin again.

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <vector>

#include "ggml.h"
#include "kernels/step_choice.h"

using namespace inform::kernels;

// As in ggml's CPU module, which is not built here.
extern "C" float ggml_table_f32_f16[1 << 16];
float ggml_table_f32_f16[1 << 16];
extern "C" void ggml_cpu_fp16_to_fp32(const ggml_fp16_t * from, float * to, int64_t count) {
    ggml_fp16_to_fp32_row(from, to, count);
}
extern "C" void ggml_cpu_bf16_to_fp32(const ggml_bf16_t * from, float * to, int64_t count) {
    ggml_bf16_to_fp32_row(from, to, count);
}

namespace {

constexpr int64_t outputs = columns + 1;  // the last panel is a column alone
constexpr double largest = 1e15;          // of weights and activations that are compared, so that no sum is infinite

struct Bytes {
    const uint8_t * data;
    size_t size;
    size_t at = 0;

    uint8_t next() { return data[at++ % size]; }

    template <typename T>
    void fill(std::vector<T> & values) {
        auto * bytes = reinterpret_cast<uint8_t *>(values.data());
        std::generate(bytes, bytes + values.size() * sizeof(T), [this] { return next(); });
    }
};

struct Case {
    int64_t length, rows;
    std::vector<uint8_t> blocks;
    std::vector<float> input;
    std::vector<float> weights;  // as ggml reads the blocks
    ggml_tensor tensors[3] = {};

    Case(ggml_type type, int64_t blocks_of_row, int64_t rows, Bytes & bytes)
        : length(blocks_of_row * depth),
          rows(rows),
          blocks(ggml_row_size(type, length) * outputs),
          input(length * rows),
          weights(length * outputs) {
        bytes.fill(blocks);
        for (size_t begin = 0; begin < input.size(); begin += depth) {
            const int power = static_cast<int8_t>(bytes.next()) / 4;
            for (int k = 0; k < depth; ++k)
                input[begin + k] = std::ldexp(static_cast<float>(static_cast<int8_t>(bytes.next())), power);
        }
        std::vector<float> one(1);
        bytes.fill(one);
        input[bytes.next() % input.size()] = std::isfinite(one[0]) ? one[0] : 1.0f;
        if (type == GGML_TYPE_F32)
            std::memcpy(weights.data(), blocks.data(), blocks.size());
        else
            ggml_get_type_traits(type)->to_float(blocks.data(), weights.data(), length * outputs);
        describe(tensors[0], type, length, outputs, blocks.data());
        describe(tensors[1], GGML_TYPE_F32, length, rows, input.data());
        tensors[2].src[0] = &tensors[0];
        tensors[2].src[1] = &tensors[1];
    }

    static void describe(ggml_tensor & tensor, ggml_type type, int64_t length, int64_t rows, void * data) {
        tensor.type = type;
        tensor.ne[0] = length;
        tensor.ne[1] = rows;
        tensor.ne[2] = tensor.ne[3] = 1;
        tensor.nb[0] = ggml_type_size(type);
        tensor.nb[1] = ggml_row_size(type, length);
        tensor.data = data;
    }
};

// How large the numbers are whose sum or difference a weight is. In blocks that hold no number it is none either.
double magnitude(const Case & given, const Product & product, int64_t output, int64_t block) {
    const Format * format = format_of(given.tensors[0].type);
    double most = 0;
    const auto look_at = [&most](double value) { most = std::isnan(most) || most >= value ? most : value; };
    if (!format) {
        for (int k = 0; k < depth; ++k)
            look_at(std::fabs(double(given.weights[output * given.length + block * depth + k])));
        return most;
    }
    int16_t quants[depth];
    float scales[most_groups], offsets[most_groups] = {};
    const double scale = format->decode(product.weights_at(output, block), depth, quants, scales, offsets);
    for (int k = 0; k < depth; ++k) {
        const int g = k / format->group;
        look_at(std::fabs(scale * scales[g]) * std::max(std::abs(quants[k]), -format->lowest) + std::fabs(offsets[g]));
    }
    return most;
}

// What rounding the activations to `step` of a block's largest, and sums in F32, may do to a product.
void compare(const Case & given, const Product & product, int64_t output, int64_t row, float found, double step) {
    constexpr double negligible = FLT_MIN * 32767.0;  // activations that are rounded to nothing
    double sum = 0, bound = 1e-25;
    for (int64_t block = 0; block < product.blocks; ++block) {
        const float * values = product.values(block, row);
        const float * weights = given.weights.data() + output * given.length + block * depth;
        double most = 0;
        for (int k = 0; k < depth; ++k) {
            most = std::max(most, std::fabs(double(values[k])));
            sum += double(weights[k]) * values[k];
        }
        const double of_weights = magnitude(given, product, output, block);
        if (!(most <= largest && of_weights <= largest))
            return;
        bound += depth * of_weights * (most < negligible ? most : most * (step + 2e-6));
    }
    if (std::fabs(found - sum) <= bound)
        return;
    std::fprintf(stderr, "column %d, row %d: %g, and not %g (within %g)\n", int(output), int(row), found, sum, bound);
    std::abort();
}

template <typename StepOf, typename Known>
void check(const Case & given, const Known & format, double step) {
    const Product product(&given.tensors[2]);
    const auto scratch = std::make_unique<typename StepOf::Scratch>();
    std::vector<typename StepOf::Activations> rows(given.rows);
    for (int64_t panel = 0; panel < outputs; panel += columns) {
        for (int64_t block = 0; block < product.blocks; ++block) {
            for (int64_t row = 0; row < given.rows; ++row)
                fill(rows[row], product, row, block, format);
            fill(scratch->tile, product, Place{panel, block}, format);
            for (int64_t row = 0; row < given.rows; ++row)
                StepOf{{scratch->tile, depth, &rows[row], scratch->sums[0] + row, block == 0}}.template run<1>();
        }
        for (int64_t row = 0; row < given.rows; ++row) {
            for (int64_t output = panel; output < std::min<int64_t>(panel + columns, outputs); ++output)
                compare(given, product, output, row, scratch->sums[0][row][output - panel], step);
        }
    }
}

struct Way {
    inform_activations activations;
    double step;
};

constexpr Way ways[] = {{INFORM_ACTIVATIONS_INT16, 0.51 / 32767},
                        {INFORM_ACTIVATIONS_INT8, 0.51 / 127},
                        {INFORM_ACTIVATIONS_F32, 0}};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    for (int bits = 0; bits < 1 << 16; ++bits)
        ggml_table_f32_f16[bits] = ggml_fp16_to_fp32(static_cast<ggml_fp16_t>(bits));
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    if (size < 16)
        return -1;  // not kept in the corpus
    Bytes bytes{data + 4, size - 4};
    const auto type = static_cast<ggml_type>(data[0] % GGML_TYPE_COUNT);
    if (!format_of(type) && !has_floats(type))
        return -1;
    const Case given(type, 1 + data[2] % 3, 1 + data[3] % 4, bytes);
    const Way & way = ways[data[1] % std::size(ways)];
    with_step(type, way.activations, [&](auto kind, const auto & format) {
        using Step = typename decltype(kind)::Step;
        if constexpr (Step::together == 1)  // AMX's has more rows, in another order
            check<Step>(given, format, format_of(type) ? way.step : 0);
        return 0;
    });
    return 0;
}
