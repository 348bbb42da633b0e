#include "inform_mul_mat.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "activations.h"
#include "ggml-cpu-impl.h"

namespace {

thread_local inform_activations chosen = INFORM_ACTIVATIONS_GGML;

// ggml's own parameters of a product are the first two.
int32_t & mark_of(ggml_tensor * product) {
    return product->op_params[GGML_MAX_OP_PARAMS / sizeof(int32_t) - 1];
}

}  // namespace

void inform_set_activations(inform_activations activations) {
    chosen = activations;
}

#ifndef INFORM_KERNELS_LANES

bool inform_has_kernels() {
    return false;
}

bool inform_has_int8_kernels() {
    return false;
}

size_t inform_plan_mul_mat(ggml_tensor * product, int) {
    mark_of(product) = INFORM_ACTIVATIONS_GGML;
    return 0;
}

bool inform_mul_mat(const ggml_compute_params *, ggml_tensor *) {
    return false;
}

#else

namespace inform::kernels {

namespace {

// A product of a matrix of weights and rows of activations.
struct Product {
    const ggml_tensor * weights;
    const ggml_tensor * input;
    int64_t length;   // of a row of either
    int64_t outputs;  // rows of weights
    int64_t rows;     // rows of activations
    int64_t blocks;   // of `depth` along a row

    explicit Product(const ggml_tensor * product)
        : weights(product->src[0]),
          input(product->src[1]),
          length(weights->ne[0]),
          outputs(weights->ne[1]),
          rows(input->ne[1]),
          blocks((length + depth - 1) / depth) {}

    int count(int64_t block) const { return static_cast<int>(std::min<int64_t>(depth, length - block * depth)); }

    const float * values(int64_t block, int64_t row) const {
        const char * data = static_cast<const char *>(input->data) + static_cast<size_t>(row) * input->nb[1];
        return reinterpret_cast<const float *>(data) + block * depth;
    }

    const void * weights_at(int64_t output, int64_t block) const {
        const size_t along = static_cast<size_t>(block) * ggml_row_size(weights->type, depth);
        return static_cast<const char *>(weights->data) + static_cast<size_t>(output) * weights->nb[1] + along;
    }
};

bool is_matrix(const ggml_tensor * tensor) {
    return tensor->ne[2] == 1 && tensor->ne[3] == 1;
}

bool takes(const ggml_tensor * product) {
    const ggml_tensor * weights = product->src[0];
    const ggml_tensor * input = product->src[1];
    return (format_of(weights->type) || has_floats(weights->type)) && input->type == GGML_TYPE_F32 &&
           is_matrix(weights) && is_matrix(input) && weights->ne[0] % 32 == 0 &&
           weights->nb[0] == ggml_type_size(weights->type) && input->nb[0] == sizeof(float) &&
           product->nb[0] == sizeof(float);
}

// How many rows of activations pass a tile at once: their sums stay in the second cache.
constexpr int64_t most_part_rows = 480;

// What a thread works in. Not on its stack, which is small with some C libraries.
template <typename Tile, typename Decoded>
struct Scratch {
    Tile tile;
    alignas(64) Decoded decoded[columns][depth];
    alignas(64) float sums[most_part_rows][columns];
};

// The working memory that ggml gives: the activations of all rows, and each thread's own.
constexpr size_t alignment = 64;

template <typename StepOf>
struct Memory {
    typename StepOf::Activations * activations;
    typename StepOf::Scratch * scratch;

    Memory(const ggml_compute_params * params, const Product & product) {
        const auto address = reinterpret_cast<uintptr_t>(params->wdata);
        const auto aligned = (address + alignment - 1) / alignment * alignment;
        activations = reinterpret_cast<typename StepOf::Activations *>(aligned);
        scratch =
            reinterpret_cast<typename StepOf::Scratch *>(activations + product.blocks * product.rows) + params->ith;
    }

    static size_t size(const Product & product, int threads) {
        return alignment + static_cast<size_t>(product.blocks * product.rows) * sizeof(typename StepOf::Activations) +
               static_cast<size_t>(threads) * sizeof(typename StepOf::Scratch);
    }
};

// Weights of 8 bits are made non-negative for their instruction, which is one more offset.
template <typename Quant>
constexpr bool shifted = sizeof(Quant) == 1;

template <typename Quant>
void fill(IntActivations<Quant> & to, const float * values, int count, const Format & format) {
    round_activations(values, count, format.group, format.has_offsets || shifted<Quant>, to);
}

void fill(FloatActivations & to, const float * values, int count, const Format *) {
    std::memcpy(to.values, values, static_cast<size_t>(count) * sizeof(float));
}

// Rows of `lanes` columns each into a tile's, a square at a time.
void place(const int32_t * decoded, size_t stride, int count, int32_t (*tile)[columns]) {
    for (int half = 0; half < 2; ++half) {
        for (int k = 0; k < count; k += lanes) {
            Ints square[lanes];
#pragma GCC unroll 16
            for (int i = 0; i < lanes; ++i) {
                square[i] = load_unaligned(decoded + static_cast<size_t>(half * lanes + i) * stride + k);
            }
            transpose(square);
#pragma GCC unroll 16
            for (int i = 0; i < lanes; ++i)
                store(tile[k + i] + half * lanes, square[i]);
        }
    }
}

// Quants as they lie in a tile; those of 8 bits less the lowest of their format.
void put(const int16_t * quants, int count, int, int16_t * to) {
    std::memcpy(to, quants, static_cast<size_t>(count) * sizeof *to);
}

void put(const int16_t * quants, int count, int lowest, int8_t * to) {
    for (int k = 0; k < count; ++k)
        to[k] = static_cast<int8_t>(quants[k] - lowest);
}

template <typename Quant>
void fill(Scratch<IntTile<Quant>, Quant> & scratch, const Product & product, int64_t output, int width, int64_t block,
          const Format & format) {
    IntTile<Quant> & tile = scratch.tile;
    const int count = product.count(block), groups = count / format.group;
    const auto lowest = static_cast<float>(format.lowest);
    for (int c = 0; c < columns; ++c) {
        int16_t quants[depth];
        float scales[most_groups], offsets[most_groups] = {};
        // Beyond the last row of weights it is decoded again, and not written.
        format.decode(product.weights_at(output + std::min(c, width - 1), block), count, quants, scales, offsets);
        put(quants, count, format.lowest, scratch.decoded[c]);
        for (int g = 0; g < groups; ++g) {
            tile.scales[g][c] = scales[g];
            tile.offsets[g][c] = shifted<Quant> ? offsets[g] + lowest * scales[g] : offsets[g];
        }
    }
    constexpr int per = in_lane<Quant>;
    place(reinterpret_cast<const int32_t *>(scratch.decoded), depth / per, count / per, tile.packed);
}

// A row's weights as floats, whatever they are in the file.
void decode(const Product & product, int64_t output, int64_t block, const Format * format, float * weights) {
    const void * at = product.weights_at(output, block);
    const int count = product.count(block);
    if (!format)
        return decode_floats(product.weights->type, at, count, weights);
    int16_t quants[depth];
    float scales[most_groups], offsets[most_groups] = {};
    format->decode(at, count, quants, scales, offsets);
    for (int g = 0; g < count / format->group; ++g) {
        const int begin = g * format->group;
        for (int k = begin; k < begin + format->group; ++k)
            weights[k] = scales[g] * static_cast<float>(quants[k]) + offsets[g];
    }
}

void fill(Scratch<FloatTile, float> & scratch, const Product & product, int64_t output, int width, int64_t block,
          const Format * format) {
    for (int c = 0; c < columns; ++c)
        decode(product, output + std::min(c, width - 1), block, format, scratch.decoded[c]);
    place(reinterpret_cast<const int32_t *>(scratch.decoded), depth, product.count(block),
          reinterpret_cast<int32_t (*)[columns]>(scratch.tile.weights));
}

// The last rows, of which there are fewer than the products take at once.
template <int Rows, typename Step>
void last_rows(int64_t rows, const Step & step) {
    if constexpr (Rows > 0) {
        if (rows == Rows)
            return step.template run<Rows>();
        last_rows<Rows - 1>(rows, step);
    }
}

// A tile and the rows of activations that pass it.
template <typename TileOf, typename ActivationsOf, typename Decoded>
struct Step {
    using Tile = TileOf;
    using Activations = ActivationsOf;
    using Scratch = kernels::Scratch<Tile, Decoded>;

    const Tile & tile;
    int count;
    const Activations * rows;
    Sums to;
    bool first;
};

template <typename Quant, int Group, bool Offsets>
struct IntStep : Step<IntTile<Quant>, IntActivations<Quant>, Quant> {
    static constexpr int most_rows = int_rows;

    template <int Rows>
    void run() const {
        multiply<Rows, Group, Offsets>(this->tile, this->count, this->rows, this->to, this->first);
    }
};

struct FloatStep : Step<FloatTile, FloatActivations, float> {
    static constexpr int most_rows = float_rows;

    template <int Rows>
    void run() const {
        multiply<Rows>(tile, count, rows, to, first);
    }
};

// Fewer rows at once where each thread would otherwise have too few pieces of work; a panel of weights is decoded again
// for each part.
int64_t part_rows_of(const Product & product, int64_t panels, int threads) {
    const int64_t parts = threads == 1 ? 1 : (4 * threads + panels - 1) / panels;
    const int64_t wanted = (product.rows + parts - 1) / parts;
    const int64_t fewest = 8 * float_rows;
    const int64_t rows = std::min(std::max(wanted, fewest), most_part_rows);
    return (rows + float_rows - 1) / float_rows * float_rows;
}

template <typename StepOf, typename Known>
void compute(const ggml_compute_params * params, ggml_tensor * tensor, const Known & format) {
    constexpr int step = StepOf::most_rows;
    const Product product(tensor);
    const Memory<StepOf> memory(params, product);

    for (int64_t i = params->ith; i < product.blocks * product.rows; i += params->nth) {
        const int64_t row = i / product.blocks, block = i % product.blocks;
        fill(memory.activations[block * product.rows + row], product.values(block, row), product.count(block), format);
    }
    // Each thread begins with the piece of its own number.
    if (params->ith == 0)
        ggml_threadpool_chunk_set(params->threadpool, params->nth);
    ggml_barrier(params->threadpool);

    const int64_t panels = (product.outputs + columns - 1) / columns;
    const int64_t part_rows = part_rows_of(product, panels, params->nth);
    const int64_t parts = (product.rows + part_rows - 1) / part_rows;
    typename StepOf::Scratch & own = *memory.scratch;
    for (int64_t piece = params->ith; piece < panels * parts;
         piece = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        const int64_t output = piece % panels * columns, begin = piece / panels * part_rows;
        const int64_t rows = std::min(product.rows - begin, part_rows);
        const int width = static_cast<int>(std::min<int64_t>(columns, product.outputs - output));
        for (int64_t block = 0; block < product.blocks; ++block) {
            fill(own, product, output, width, block, format);
            const typename StepOf::Activations * from = memory.activations + block * product.rows + begin;
            const auto at = [&](int64_t row) {
                return StepOf{{own.tile, product.count(block), from + row, own.sums + row, block == 0}};
            };
            int64_t row = 0;
            for (; row + step <= rows; row += step)
                at(row).template run<step>();
            last_rows<step - 1>(rows - row, at(row));
        }
        for (int64_t row = 0; row < rows; ++row) {
            char * to = static_cast<char *>(tensor->data) + static_cast<size_t>(begin + row) * tensor->nb[1];
            std::memcpy(reinterpret_cast<float *>(to) + output, own.sums[row],
                        static_cast<size_t>(width) * sizeof(float));
        }
    }
}

template <typename Quant>
void compute_integers(const ggml_compute_params * params, ggml_tensor * tensor, const Format & format) {
    const bool offsets = format.has_offsets || shifted<Quant>;
    if (format.group == 16) {
        if (offsets)
            compute<IntStep<Quant, 16, true> >(params, tensor, format);
        else
            compute<IntStep<Quant, 16, false> >(params, tensor, format);
    } else {
        if (offsets)
            compute<IntStep<Quant, 32, true> >(params, tensor, format);
        else
            compute<IntStep<Quant, 32, false> >(params, tensor, format);
    }
}

// The group's length and the offsets do not change what is needed.
template <typename Quant>
size_t size_of_integers(const Product & product, int threads) {
    return Memory<IntStep<Quant, 32, true> >::size(product, threads);
}

}  // namespace

}  // namespace inform::kernels

using namespace inform::kernels;

bool inform_has_kernels() {
    return true;
}

bool inform_has_int8_kernels() {
#ifdef INFORM_KERNELS_INT8
    return true;
#else
    return false;
#endif
}

size_t inform_plan_mul_mat(ggml_tensor * tensor, int threads) {
    mark_of(tensor) = takes(tensor) ? chosen : INFORM_ACTIVATIONS_GGML;
    if (mark_of(tensor) == INFORM_ACTIVATIONS_GGML)
        return 0;
    const Product product(tensor);
    const bool integers = format_of(tensor->src[0]->type);
    switch (mark_of(tensor)) {
#ifdef INFORM_KERNELS_INT8
        case INFORM_ACTIVATIONS_INT8:
            if (integers)
                return size_of_integers<int8_t>(product, threads);
            break;
#endif
        case INFORM_ACTIVATIONS_INT16:
            if (integers)
                return size_of_integers<int16_t>(product, threads);
            break;
        default: break;
    }
    return Memory<FloatStep>::size(product, threads);
}

bool inform_mul_mat(const ggml_compute_params * params, ggml_tensor * tensor) {
    const int32_t mark = mark_of(tensor);
    if (mark == INFORM_ACTIVATIONS_GGML || params->use_ref)
        return false;
    const Format * format = format_of(tensor->src[0]->type);
#ifdef INFORM_KERNELS_INT8
    if (format && mark == INFORM_ACTIVATIONS_INT8) {
        compute_integers<int8_t>(params, tensor, *format);
        return true;
    }
#endif
    if (format && mark == INFORM_ACTIVATIONS_INT16)
        compute_integers<int16_t>(params, tensor, *format);
    else
        compute<FloatStep>(params, tensor, format);
    return true;
}

#endif
