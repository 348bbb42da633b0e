#include "engine/runtime/activations.h"

#include "engine/error.h"
#include "ggml-backend.h"
#include "kernels/inform_attention.h"
#include "kernels/inform_mul_mat.h"

namespace inform {

namespace {

// ggml's CPU module is found at run time, and so is what native/patches/0007 and 0008 add to it.
template <typename Function>
Function * in_cpu_module(const char * name) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    return cpu ? reinterpret_cast<Function *>(
                     ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name))
               : nullptr;
}

bool answer(const char * question) {
    const auto ask = in_cpu_module<decltype(inform_has_kernels)>(question);
    return ask && ask();
}

struct Named {
    const char * name;
    Activations activations;
    inform_activations kernels;
    inform_attention_kind attention;
};

constexpr Named all[] = {
    {"ggml", Activations::ggml, INFORM_ACTIVATIONS_GGML, INFORM_ATTENTION_GGML},
    {"int8", Activations::int8, INFORM_ACTIVATIONS_INT8, INFORM_ATTENTION_F32},
    {"int16", Activations::int16, INFORM_ACTIVATIONS_INT16, INFORM_ATTENTION_F32},
    {"bf16x2", Activations::bf16x2, INFORM_ACTIVATIONS_BF16X2, INFORM_ATTENTION_BF16X2},
    {"f32", Activations::f32, INFORM_ACTIVATIONS_F32, INFORM_ATTENTION_F32},
};

}  // namespace

bool has_kernels() {
    return answer("inform_has_kernels");
}

bool has_int8_kernels() {
    return answer("inform_has_int8_kernels");
}

bool has_amx_kernels() {
    return answer("inform_has_amx_kernels");
}

void use_activations(Activations activations) {
    static const auto set = in_cpu_module<decltype(inform_set_activations)>("inform_set_activations");
    static const auto set_attention = in_cpu_module<decltype(inform_set_attention)>("inform_set_attention");
    if (!set || !set_attention) {
        return;
    }
    for (const Named & named : all) {
        if (named.activations == activations) {
            set(named.kernels);
            set_attention(named.attention);
        }
    }
}

Activations to_activations(const std::string & name) {
    for (const Named & named : all) {
        if (name == named.name) {
            return named.activations;
        }
    }
    throw EngineError(ErrorCode::invalid_argument, "There are no activations of " + name + ".");
}

}  // namespace inform
