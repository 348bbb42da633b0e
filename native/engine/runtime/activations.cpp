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

}  // namespace

bool has_kernels() {
    const auto has = in_cpu_module<decltype(inform_has_kernels)>("inform_has_kernels");
    return has && has();
}

bool has_int8_kernels() {
    const auto has = in_cpu_module<decltype(inform_has_int8_kernels)>("inform_has_int8_kernels");
    return has && has();
}

void use_activations(Activations activations) {
    static const auto set = in_cpu_module<decltype(inform_set_activations)>("inform_set_activations");
    static const auto set_attention = in_cpu_module<decltype(inform_set_attention)>("inform_set_attention");
    if (!set || !set_attention) {
        return;
    }
    set_attention(activations == Activations::ggml ? INFORM_ATTENTION_GGML : INFORM_ATTENTION_F32);
    switch (activations) {
        case Activations::ggml: return set(INFORM_ACTIVATIONS_GGML);
        case Activations::int8: return set(INFORM_ACTIVATIONS_INT8);
        case Activations::int16: return set(INFORM_ACTIVATIONS_INT16);
        case Activations::f32: return set(INFORM_ACTIVATIONS_F32);
    }
}

Activations to_activations(const std::string & name) {
    if (name == "ggml") {
        return Activations::ggml;
    }
    if (name == "int8") {
        return Activations::int8;
    }
    if (name == "int16") {
        return Activations::int16;
    }
    if (name == "f32") {
        return Activations::f32;
    }
    throw EngineError(ErrorCode::invalid_argument, "There are no activations of " + name + ".");
}

}  // namespace inform
