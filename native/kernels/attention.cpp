#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "decode.h"
#include "float_attention.h"
#include "ggml-cpu-impl.h"
#include "inform_attention.h"
#include "operation.h"
#include "piece_attention.h"

using inform::kernels::mark_of;

namespace {

thread_local inform_attention_kind chosen = INFORM_ATTENTION_GGML;

}  // namespace

void inform_set_attention(inform_attention_kind kind) {
    chosen = kind;
}

#ifndef INFORM_KERNELS_LANES

size_t inform_plan_attention(ggml_tensor * node, int) {
    mark_of(node) = INFORM_ATTENTION_GGML;
    return 0;
}

bool inform_attention(const ggml_compute_params *, ggml_tensor *) {
    return false;
}

#else

namespace inform::kernels {

namespace {

float parameter(const ggml_tensor * node, int index) {
    float value;
    std::memcpy(&value, node->op_params + index, sizeof value);
    return value;
}

// Queries [length, tokens, heads], keys and values [length, cells, fewer heads], mask [cells, tokens].
struct Attention {
    const ggml_tensor * queries;
    const ggml_tensor * keys;
    const ggml_tensor * values;
    const ggml_tensor * mask;
    ggml_tensor * result;
    int64_t cells, blocks;
    int64_t heads;    // of keys and values
    int64_t sharing;  // heads of queries to each of these
    int64_t rows;     // of queries, to each of these
    int64_t tiles;

    explicit Attention(ggml_tensor * node)
        : queries(node->src[0]),
          keys(node->src[1]),
          values(node->src[2]),
          mask(node->src[3]),
          result(node),
          cells(keys->ne[1]),
          blocks(divide_up(cells, block_cells)),
          heads(keys->ne[2]),
          sharing(queries->ne[2] / heads),
          rows(queries->ne[1] * sharing),
          tiles(divide_up(rows, tile_rows)) {}

    Lengths lengths() const { return {keys->ne[0], values->ne[0]}; }

    // The rows of a token are neighbours: they see the same cells.
    int64_t token(int64_t row) const { return row / sharing; }

    const float * query(int64_t head, int64_t row) const {
        return at<float>(queries, token(row), head * sharing + row % sharing);
    }

    float * output(int64_t head, int64_t row) const {
        char * data = static_cast<char *>(result->data) + static_cast<size_t>(token(row)) * result->nb[2];
        return reinterpret_cast<float *>(data + static_cast<size_t>(head * sharing + row % sharing) * result->nb[1]);
    }

    const ggml_fp16_t * mask_of(int64_t token, int64_t cell) const { return at<ggml_fp16_t>(mask, token, 0) + cell; }

    template <typename Value>
    static const Value * at(const ggml_tensor * tensor, int64_t row, int64_t head) {
        const size_t offset = static_cast<size_t>(row) * tensor->nb[1] + static_cast<size_t>(head) * tensor->nb[2];
        return reinterpret_cast<const Value *>(static_cast<const char *>(tensor->data) + offset);
    }
};

bool is_plain(const ggml_tensor * tensor) {
    return tensor->nb[0] == ggml_type_size(tensor->type) && tensor->ne[3] == 1;
}

// Left to ggml: quantized caches, slopes for the distance (ALiBi), sinks, several streams, a mask for each head.
bool takes(const ggml_tensor * node) {
    const ggml_tensor *queries = node->src[0], *keys = node->src[1], *values = node->src[2], *mask = node->src[3];
    return queries->type == GGML_TYPE_F32 && has_floats(keys->type) && has_floats(values->type) && is_plain(queries) &&
           is_plain(keys) && is_plain(values) && keys->ne[2] == values->ne[2] &&
           (!mask || (mask->type == GGML_TYPE_F16 && is_plain(mask) && mask->ne[2] == 1)) && !node->src[4] &&
           parameter(node, 1) == 0;
}

constexpr uint64_t four_hidden = 0xfc00fc00fc00fc00;  // -infinity in F16

Sight look(const Attention & attention, int64_t tile, int64_t block) {
    constexpr int words = group_cells / 4;
    uint64_t seen[block_groups * words] = {}, masked[block_groups * words] = {};
    const int64_t first = block * block_cells, last_row = std::min((tile + 1) * tile_rows, attention.rows) - 1;
    const int64_t cells = std::min<int64_t>(block_cells, attention.cells - first);
    const auto add = [&](const uint64_t (&row)[block_groups * words]) {
        for (int i = 0; i < block_groups * words; ++i) {
            seen[i] |= row[i] ^ four_hidden;
            masked[i] |= row[i];
        }
    };
    ggml_fp16_t row[block_cells] = {};
    std::fill(row + cells, row + block_cells, static_cast<ggml_fp16_t>(four_hidden & 0xffff));
    uint64_t packed[block_groups * words];
    for (int64_t token = attention.token(tile * tile_rows); token <= attention.token(last_row); ++token) {
        if (attention.mask)
            std::memcpy(row, attention.mask_of(token, first), static_cast<size_t>(cells) * sizeof *row);
        std::memcpy(packed, row, sizeof packed);
        add(packed);
    }
    Sight sight = {};
    for (int group = 0; group < block_groups; ++group) {
        for (int i = group * words; i < (group + 1) * words; ++i) {
            sight.seen |= static_cast<Groups>((seen[i] != 0) << group);
            sight.masked |= static_cast<Groups>((masked[i] != 0) << group);
        }
    }
    return sight;
}

// A thread takes some tiles of one head at once: keys and values become what is multiplied once for them.
constexpr int64_t most_tiles = 4;

// The working memory that ggml gives: what each tile sees of each block, and each thread's own.
template <typename Arithmetic>
struct Memory {
    Sight * sights;
    float * own;

    Memory(const ggml_compute_params * params, const Attention & attention) {
        char * data = aligned(params->wdata);
        sights = reinterpret_cast<Sight *>(data);
        own = reinterpret_cast<float *>(data + sights_size(attention)) + params->ith * own_floats(attention);
    }

    static int64_t sights_size(const Attention & attention) {
        return whole(attention.tiles * attention.blocks * static_cast<int64_t>(sizeof(Sight)), alignment);
    }

    // A group's mask, the arithmetic's own, the tiles.
    static int64_t own_floats(const Attention & attention) {
        const Lengths lengths = attention.lengths();
        const int64_t floats =
            group_cells * tile_rows + Arithmetic::floats(lengths) + most_tiles * Arithmetic::tile_floats(lengths);
        return whole(floats, alignment / static_cast<int64_t>(sizeof(float)));
    }

    static size_t size(const Attention & attention, int threads) {
        return static_cast<size_t>(alignment + sights_size(attention)) +
               static_cast<size_t>(threads * own_floats(attention)) * sizeof(float);
    }
};

// A thread's work: some tiles of a head, from the first block of cells to the last.
template <typename Arithmetic>
class Worker {
public:
    Worker(const Attention & attention, const Memory<Arithmetic> & memory)
        : attention_(attention),
          sights_(memory.sights),
          mask_(memory.own),
          arithmetic_(attention.lengths(), {parameter(attention.result, 2) * log2_e},
                      memory.own + group_cells * tile_rows) {
        const float scale = parameter(attention.result, 0), cap = parameter(attention.result, 2);
        scale_ = cap != 0 ? scale / cap : scale * log2_e;
        // What no row or value has is computed with the others, and not written.
        std::fill(memory.own, memory.own + Memory<Arithmetic>::own_floats(attention), 0.0f);
        float * next = memory.own + group_cells * tile_rows + Arithmetic::floats(attention.lengths());
        for (auto & tile : tiles_) {
            arithmetic_.place(tile, next);
            next += Arithmetic::tile_floats(attention.lengths());
        }
    }

    void run(int64_t head, int64_t first, int64_t count) {
        for (int64_t i = 0; i < count; ++i)
            begin(head, first + i, tiles_[i]);
        for (int64_t block = 0; block < attention_.blocks; ++block) {
            bool loaded = false;
            for (int64_t i = 0; i < count; ++i) {
                const Sight sight = sights_[(first + i) * attention_.blocks + block];
                if (!sight.seen)
                    continue;
                if (!loaded)
                    load_block(head, block);
                loaded = true;
                attend(block, sight, first + i, tiles_[i]);
            }
        }
        for (int64_t i = 0; i < count; ++i)
            finish(head, first + i, tiles_[i]);
    }

private:
    using Tile = typename Arithmetic::Tile;

    int rows_of(int64_t tile) const {
        return static_cast<int>(std::min<int64_t>(tile_rows, attention_.rows - tile * tile_rows));
    }

    void begin(int64_t head, int64_t tile, Tile & state) const {
        const float * queries[tile_rows];
        for (int row = 0; row < rows_of(tile); ++row)
            queries[row] = attention_.query(head, tile * tile_rows + row);
        arithmetic_.begin(state, queries, rows_of(tile), scale_);
    }

    void load_block(int64_t head, int64_t block) {
        const int64_t first = block * block_cells;
        const auto from = [&](const ggml_tensor * tensor) {
            return [&, tensor](int cell, float * to) {
                decode_floats(tensor->type, Attention::at<char>(tensor, first + cell, head),
                              static_cast<int>(tensor->ne[0]), to);
            };
        };
        arithmetic_.load_block(static_cast<int>(std::min<int64_t>(block_cells, attention_.cells - first)),
                               from(attention_.keys), from(attention_.values));
    }

    const float * mask_of(int64_t tile, int64_t block, int group) {
        const int64_t first = block * block_cells + group * group_cells;
        const auto count = static_cast<int>(std::min<int64_t>(group_cells, attention_.cells - first));
        float cells[group_cells] = {};
        std::fill(cells + count, cells + group_cells, -INFINITY);
        int64_t before = -1;
        for (int row = 0; row < rows_of(tile); ++row) {
            const int64_t token = attention_.token(tile * tile_rows + row);
            if (attention_.mask && token != before)
                decode_floats(GGML_TYPE_F16, attention_.mask_of(token, first), count, cells);
            before = token;
            for (int cell = 0; cell < group_cells; ++cell)
                mask_[cell * tile_rows + row] = cells[cell] * log2_e;
        }
        return mask_;
    }

    void attend(int64_t block, Sight sight, int64_t tile, Tile & state) {
        const auto mask = [&](int group) { return mask_of(tile, block, group); };
        switch (divide_up(rows_of(tile), lanes)) {
            case 1: return arithmetic_.template attend<1>(state, sight, mask);
            case 2: return arithmetic_.template attend<2>(state, sight, mask);
            default: return arithmetic_.template attend<row_vectors>(state, sight, mask);
        }
    }

    void finish(int64_t head, int64_t tile, const Tile & state) const {
        float * outputs[tile_rows];
        for (int row = 0; row < rows_of(tile); ++row)
            outputs[row] = attention_.output(head, tile * tile_rows + row);
        arithmetic_.finish(state, outputs, rows_of(tile));
    }

    const Attention & attention_;
    const Sight * sights_;
    float * mask_;
    Arithmetic arithmetic_;
    Tile tiles_[most_tiles];
    float scale_;
};

// An F32 cache is there for F32 arithmetic.
inform_attention_kind kind_of([[maybe_unused]] const ggml_tensor * node) {
    if (chosen != INFORM_ATTENTION_BF16X2)
        return chosen;
#ifdef INFORM_KERNELS_AMX
    if (node->src[1]->type != GGML_TYPE_F32 && node->src[2]->type != GGML_TYPE_F32 && has_amx())
        return INFORM_ATTENTION_BF16X2;
#endif
    return INFORM_ATTENTION_F32;
}

template <typename Arithmetic>
void compute(const ggml_compute_params * params, ggml_tensor * node) {
    const Attention attention(node);
    const Memory<Arithmetic> memory(params, attention);
    for (int64_t i = params->ith; i < attention.tiles * attention.blocks; i += params->nth)
        memory.sights[i] = look(attention, i / attention.blocks, i % attention.blocks);
    Worker<Arithmetic> worker(attention, memory);
    // Each thread begins with the piece of its own number.
    if (params->ith == 0)
        ggml_threadpool_chunk_set(params->threadpool, params->nth);
    ggml_barrier(params->threadpool);

    // Fewer tiles at once where each thread would otherwise have too few pieces of work.
    const int64_t wanted = attention.tiles * attention.heads / (8 * params->nth);
    const int64_t at_once = std::min(std::max<int64_t>(wanted, 1), most_tiles);
    const int64_t parts = divide_up(attention.tiles, at_once);
    for (int64_t piece = params->ith; piece < parts * attention.heads;
         piece = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        // Later tokens see more cells: they go first, so that no long piece is left for the end.
        const int64_t first = (parts - 1 - piece / attention.heads) * at_once;
        worker.run(piece % attention.heads, first, std::min(at_once, attention.tiles - first));
    }
}

}  // namespace

}  // namespace inform::kernels

using namespace inform::kernels;

size_t inform_plan_attention(ggml_tensor * node, int threads) {
    mark_of(node) = takes(node) ? kind_of(node) : INFORM_ATTENTION_GGML;
    if (mark_of(node) == INFORM_ATTENTION_GGML)
        return 0;
#ifdef INFORM_KERNELS_AMX
    if (mark_of(node) == INFORM_ATTENTION_BF16X2)
        return Memory<PieceAttention>::size(Attention(node), threads);
#endif
    return Memory<FloatAttention>::size(Attention(node), threads);
}

bool inform_attention(const ggml_compute_params * params, ggml_tensor * node) {
    if (mark_of(node) == INFORM_ATTENTION_GGML || params->use_ref)
        return false;
#ifdef INFORM_KERNELS_AMX
    if (mark_of(node) == INFORM_ATTENTION_BF16X2) {
        const AmxRegisters registers;
        compute<PieceAttention>(params, node);
        return true;
    }
#endif
    compute<FloatAttention>(params, node);
    return true;
}

#endif
