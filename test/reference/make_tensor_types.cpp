// Asks llama.cpp which type its quantizer gives every matrix of a model, for several geometries and mixes:
//
//   make_tensor_types OUT.json
//
// README.md in this folder says how to build it. Matrices only, without output.weight (our files have none) and without
// the score head (our converter never quantizes it).

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ggml.h"
#include "llama-cpp.h"
#include "llama-ext.h"

namespace {

struct Geometry {
    const char * name;
    uint32_t hidden, feed_forward, layers, heads, kv_heads, head_dim;
};

constexpr Geometry geometries[] = {
    {"Llama 3.1 8B", 4096, 14336, 32, 32, 8, 128},
    {"Llama 3.1 70B", 8192, 28672, 80, 64, 8, 128},
    {"Llama 3.1 405B", 16384, 53248, 126, 128, 8, 128},
    {"Llama 3.2 1B", 2048, 8192, 16, 32, 8, 64},
    {"Llama 3.2 3B", 3072, 8192, 28, 24, 8, 128},
    {"Llama 2 7B", 4096, 11008, 32, 32, 32, 128},
    {"80 layers, as many key-value heads as heads", 1024, 2048, 80, 8, 8, 128},
    {"80 layers, 16 heads on 8", 2048, 4096, 80, 16, 8, 128},
    {"the test checkpoint", 128, 352, 4, 4, 2, 32},
    {"rows of 32 but not of 256", 1120, 2976, 11, 35, 7, 32},
    {"rows of neither", 80, 200, 3, 5, 5, 16},
    {"feed forward of neither", 512, 1000, 6, 8, 2, 64},
    {"feed forward of 32", 512, 1056, 6, 8, 2, 64},
    {"heads wider than the model", 96, 256, 2, 6, 1, 128},
    {"nine layers, one key-value head", 256, 512, 9, 4, 1, 64},
    {"three heads on one", 768, 2048, 13, 12, 4, 64},
    {"one layer", 256, 512, 1, 4, 2, 64},
    {"seven layers", 256, 768, 7, 4, 4, 64},
    {"eight layers", 256, 768, 8, 4, 1, 64},
    {"seventeen layers", 256, 768, 17, 8, 2, 32},
};

constexpr std::pair<const char *, llama_ftype> mixes[] = {
    {"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K},     {"q5_k_m", LLAMA_FTYPE_MOSTLY_Q5_K_M},
    {"q5_k_s", LLAMA_FTYPE_MOSTLY_Q5_K_S}, {"q4_k_m", LLAMA_FTYPE_MOSTLY_Q4_K_M}, {"q4_k_s", LLAMA_FTYPE_MOSTLY_Q4_K_S},
    {"q3_k_m", LLAMA_FTYPE_MOSTLY_Q3_K_M}, {"q2_k", LLAMA_FTYPE_MOSTLY_Q2_K},     {"iq4_xs", LLAMA_FTYPE_MOSTLY_IQ4_XS},
    {"iq4_nl", LLAMA_FTYPE_MOSTLY_IQ4_NL},
};

constexpr int64_t vocabulary = 128256;

struct Matrices {
    std::unique_ptr<ggml_context, decltype(&ggml_free)> context{nullptr, ggml_free};
    std::vector<ggml_tensor *> tensors;  // in the quantizer's order: by layer

    explicit Matrices(const Geometry & g) {
        context.reset(ggml_init({(8 * g.layers + 1) * ggml_tensor_overhead(), nullptr, /*no_alloc=*/true}));
        const int64_t q = g.heads * g.head_dim;
        const int64_t kv = g.kv_heads * g.head_dim;
        add("token_embd.weight", g.hidden, vocabulary);
        for (uint32_t layer = 0; layer < g.layers; layer++) {
            const std::string at = "blk." + std::to_string(layer) + ".";
            add(at + "attn_k.weight", g.hidden, kv);
            add(at + "attn_output.weight", q, g.hidden);
            add(at + "attn_q.weight", g.hidden, q);
            add(at + "attn_v.weight", g.hidden, kv);
            add(at + "ffn_down.weight", g.feed_forward, g.hidden);
            add(at + "ffn_gate.weight", g.hidden, g.feed_forward);
            add(at + "ffn_up.weight", g.hidden, g.feed_forward);
        }
    }

    void add(const std::string & name, int64_t columns, int64_t rows) {
        tensors.push_back(ggml_set_name(ggml_new_tensor_2d(context.get(), GGML_TYPE_BF16, columns, rows), name.c_str()));
    }
};

// "blk.3.attn_v.weight" -> "attn_v"
std::string kind_of(const std::string & name) {
    const size_t start = name.rfind("blk.", 0) == 0 ? name.find('.', 4) + 1 : 0;
    return name.substr(start, name.rfind('.') - start);
}

// The types of one kind by layer, as runs: "q6_K*2 q4_K*2 q6_K"
std::string runs_of(const std::vector<ggml_type> & types) {
    std::string text;
    for (size_t i = 0; i < types.size();) {
        size_t end = i;
        while (end < types.size() && types[end] == types[i]) end++;
        text += (text.empty() ? "" : " ") + std::string(ggml_type_name(types[i]));
        if (end - i > 1) text += "*" + std::to_string(end - i);
        i = end;
    }
    return text;
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_tensor_types OUT.json\n");
        return 2;
    }
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    std::ofstream out(argv[1]);
    out << "[";
    const char * separator = "\n";
    for (const Geometry & g : geometries) {
        const llama_quant_model_desc description = {"llama", g.hidden, g.feed_forward, g.layers, g.heads, g.kv_heads, 0,
                                                    g.head_dim, g.head_dim};
        const llama_model_ptr model(llama_quant_model_from_metadata(&description));
        const Matrices matrices(g);
        out << separator << " {\"name\": \"" << g.name << "\", \"hiddenSize\": " << g.hidden
            << ", \"feedForwardSize\": " << g.feed_forward << ", \"layerCount\": " << g.layers
            << ", \"headCount\": " << g.heads << ", \"kvHeadCount\": " << g.kv_heads << ", \"headDim\": " << g.head_dim
            << ",\n  \"types\": {";
        separator = ",\n";
        const char * comma = "\n";
        for (const auto & [mix, ftype] : mixes) {
            llama_model_quantize_params params = llama_model_quantize_default_params();
            params.ftype = ftype;
            const std::unique_ptr<quantize_state_impl, decltype(&llama_quant_free)> state(
                llama_quant_init(model.get(), &params), llama_quant_free);
            for (const ggml_tensor * tensor : matrices.tensors) {
                if (!llama_quant_tensor_allows_quantization(state.get(), tensor)) return 1;
            }
            std::vector<ggml_type> types(matrices.tensors.size());
            std::vector<ggml_tensor *> tensors = matrices.tensors;
            llama_quant_compute_types(state.get(), ftype, tensors.data(), types.data(), types.size());
            std::map<std::string, std::vector<ggml_type>> kinds;
            for (size_t i = 0; i < types.size(); i++) kinds[kind_of(ggml_get_name(tensors[i]))].push_back(types[i]);
            out << comma << "   \"" << mix << "\": {";
            comma = ",\n";
            const char * inner = "";
            for (const auto & [kind, of_kind] : kinds) {
                out << inner << "\"" << kind << "\": \"" << runs_of(of_kind) << "\"";
                inner = ", ";
            }
            out << "}";
        }
        out << "\n  }}";
    }
    out << "\n]\n";
    return out.good() ? 0 : 1;
}
