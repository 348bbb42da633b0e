#include "inform_mul_mat.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "ggml-cpu-impl.h"
#include "operation.h"
#include "step_choice.h"

using inform::kernels::mark_of;

namespace {

thread_local inform_activations chosen = INFORM_ACTIVATIONS_GGML;

}  // namespace

void inform_set_activations(inform_activations activations) {
    chosen = activations;
}

void * inform_proc_address(const char * name) {
    const auto is = [name](const char * other) { return std::strcmp(name, other) == 0; };
    return is("inform_has_kernels")        ? reinterpret_cast<void *>(inform_has_kernels)
           : is("inform_has_int8_kernels") ? reinterpret_cast<void *>(inform_has_int8_kernels)
           : is("inform_has_amx_kernels")  ? reinterpret_cast<void *>(inform_has_amx_kernels)
           : is("inform_set_activations")  ? reinterpret_cast<void *>(inform_set_activations)
                                           : nullptr;
}

#ifndef INFORM_KERNELS_LANES

bool inform_has_kernels() {
    return false;
}

bool inform_has_int8_kernels() {
    return false;
}

bool inform_has_amx_kernels() {
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

// The working memory that ggml gives: the activations of all rows, and each thread's own.
template <typename StepOf>
struct Memory {
    typename StepOf::Activations * activations;  // of each block those of all rows
    typename StepOf::Scratch * scratch;

    Memory(const ggml_compute_params * params, const Product & product) {
        activations = reinterpret_cast<typename StepOf::Activations *>(aligned(params->wdata));
        scratch = reinterpret_cast<typename StepOf::Scratch *>(activations + count(product)) + params->ith;
    }

    static int64_t count(const Product & product) { return product.blocks * divide_up(product.rows, StepOf::together); }

    static size_t size(const Product & product, int threads) {
        return static_cast<size_t>(alignment) +
               static_cast<size_t>(count(product)) * sizeof(typename StepOf::Activations) +
               static_cast<size_t>(threads) * sizeof(typename StepOf::Scratch);
    }
};

// The last of what the products take at once, of which there are fewer.
template <int Most, typename Step>
void run_last(int64_t count, const Step & step) {
    if constexpr (Most > 0) {
        if (count == Most)
            return step.template run<Most>();
        run_last<Most - 1>(count, step);
    }
}

// Asks for the weights of the tile that comes next, some columns before each of the `runs` that take this one: they are
// a short piece of each of many rows, which the CPU does not foresee, and asked for all at once they would keep those
// waiting that are wanted now.
class Prefetch {
public:
    Prefetch(const Product & product, Place next, int64_t runs)
        : _product(product), _next(next), _share(static_cast<int>(divide_up(columns, runs))) {}

    INFORM_ALWAYS_INLINE void before_run() {
        for (const int end = std::min(_column + _share, columns); _column < end; ++_column) {
            const int64_t output = _product.column(_next.output, _column);
            const char * at = static_cast<const char *>(_product.weights_at(output, _next.block));
            for (size_t line = 0; line < _product.block_size; line += alignment)
                prefetch(at + line);
        }
    }

private:
    const Product & _product;
    const Place _next;
    const int _share;
    int _column = 0;
};

// What a thread computes at a time: some panels of columns, of some rows.
struct Piece {
    int64_t panel, panels;
    int64_t row, rows;
};

// A product in pieces: as large as their sums' place allows, and as small as it takes to keep all threads busy to the
// end. Fewer panels come first, since weights are decoded again for each part of the rows.
class Division {
public:
    Division(const Product & product, int threads) : _rows(product.rows), _panels(divide_up(product.outputs, columns)) {
        const int64_t wanted = threads == 1 ? 1 : 4 * threads;
        const int64_t fewest_parts = divide_up(_rows, most_part_rows);
        _panels_of_piece = std::min(divide_up(_panels * fewest_parts, wanted), most_panels);
        const int64_t parts = std::max(fewest_parts, wanted / divide_up(_panels, _panels_of_piece));
        _rows_of_part =
            std::min(divide_up(divide_up(_rows, parts), fewest_part_rows) * fewest_part_rows, most_part_rows);
        _pieces_of_part = divide_up(_panels, _panels_of_piece);
    }

    int64_t pieces() const { return _pieces_of_part * divide_up(_rows, _rows_of_part); }

    Piece piece(int64_t index) const {
        const int64_t panel = index % _pieces_of_part * _panels_of_piece;
        const int64_t row = index / _pieces_of_part * _rows_of_part;
        return {panel, std::min(_panels_of_piece, _panels - panel), row, std::min(_rows_of_part, _rows - row)};
    }

private:
    int64_t _rows, _panels, _panels_of_piece, _rows_of_part, _pieces_of_part;
};

// The sums of a piece's panels into the product. Row by row, since neighbouring rows are on pages of their own.
void write(const float (*sums)[most_part_rows][columns], const Piece & piece, ggml_tensor * product) {
    for (int64_t row = 0; row < piece.rows; ++row) {
        char * data = static_cast<char *>(product->data) + static_cast<size_t>(piece.row + row) * product->nb[1];
        for (int64_t panel = 0; panel < piece.panels; ++panel) {
            const int64_t output = (piece.panel + panel) * columns;
            const auto width = static_cast<size_t>(std::min<int64_t>(columns, product->ne[0] - output));
            std::memcpy(reinterpret_cast<float *>(data) + output, sums[panel][row], width * sizeof(float));
        }
    }
}

#ifdef INFORM_KERNELS_AMX
// The same of sums that lie column by column, 16 rows at a time.
void write_columns(const float (*sums)[most_part_rows][columns], const Piece & piece, ggml_tensor * product) {
    for (int64_t row = 0; row < piece.rows; row += amx_rows) {
        char * data = static_cast<char *>(product->data) + static_cast<size_t>(piece.row + row) * product->nb[1];
        const int64_t begin = piece.panel * columns, end = std::min(begin + piece.panels * columns, product->ne[0]);
        for (int64_t output = begin; output < end; output += lanes) {
            const float * square = sums[(output - begin) / columns][row] + (output - begin) % columns * amx_rows;
            write_square(square, piece.rows - row, end - output, data + static_cast<size_t>(output) * sizeof(float),
                         product->nb[1]);
        }
    }
}
#endif

template <typename StepOf, typename Known>
void compute(const ggml_compute_params * params, ggml_tensor * tensor, const Known & format) {
    constexpr int at_once = StepOf::at_once, together = StepOf::together;
    const Product product(tensor);
    const Memory<StepOf> memory(params, product);
    const int64_t units = divide_up(product.rows, together);

    for (int64_t i = params->ith; i < product.blocks * units; i += params->nth) {
        const int64_t unit = i / product.blocks, block = i % product.blocks;
        fill(memory.activations[block * units + unit], product, unit * together, block, format);
    }
    // Each thread begins with the piece of its own number.
    if (params->ith == 0)
        ggml_threadpool_chunk_set(params->threadpool, params->nth);
    ggml_barrier(params->threadpool);

    const Division division(product, params->nth);
    typename StepOf::Scratch & own = *memory.scratch;
    [[maybe_unused]] const typename StepOf::Registers registers;
    for (int64_t i = params->ith; i < division.pieces(); i = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        const Piece piece = division.piece(i);
        const int64_t piece_units = divide_up(piece.rows, together);
        for (int64_t block = 0; block < product.blocks; ++block) {
            const typename StepOf::Activations * from = memory.activations + block * units + piece.row / together;
            for (int64_t panel = 0; panel < piece.panels; ++panel) {
                const bool last = panel + 1 == piece.panels;
                const Place here = {(piece.panel + panel) * columns, block};
                const Place next = last ? Place{piece.panel * columns, std::min(block + 1, product.blocks - 1)}
                                        : Place{here.output + columns, block};
                fill(own.tile, product, here, format);
                const auto at = [&](int64_t unit) {
                    return StepOf{
                        {own.tile, product.count(block), from + unit, own.sums[panel] + unit * together, block == 0}};
                };
                Prefetch ahead(product, next, divide_up(piece_units, at_once));
                int64_t unit = 0;
                for (; unit + at_once <= piece_units; unit += at_once) {
                    ahead.before_run();
                    at(unit).template run<at_once>();
                }
                ahead.before_run();
                run_last<at_once - 1>(piece_units - unit, at(unit));
            }
        }
        if constexpr (together == 1)
            write(own.sums, piece, tensor);
        else
            write_columns(own.sums, piece, tensor);
    }
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

bool inform_has_amx_kernels() {
#ifdef INFORM_KERNELS_AMX
    return has_amx();
#else
    return false;
#endif
}

size_t inform_plan_mul_mat(ggml_tensor * product, int threads) {
    mark_of(product) = takes(product) ? chosen : INFORM_ACTIVATIONS_GGML;
    if (mark_of(product) == INFORM_ACTIVATIONS_GGML)
        return 0;
    return with_step(product->src[0]->type, chosen, [&](auto kind, const auto &) {
        return Memory<typename decltype(kind)::Step>::size(Product(product), threads);
    });
}

bool inform_mul_mat(const ggml_compute_params * params, ggml_tensor * product) {
    const auto activations = static_cast<inform_activations>(mark_of(product));
    if (activations == INFORM_ACTIVATIONS_GGML || params->use_ref)
        return false;
    with_step(product->src[0]->type, activations, [&](auto kind, const auto & format) {
        compute<typename decltype(kind)::Step>(params, product, format);
        return 0;
    });
    return true;
}

#endif
