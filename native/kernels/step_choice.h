#pragma once

// Which step computes a product: by the type of its weights, what activations are to be, and what the CPU can do.

#include "inform_mul_mat.h"
#include "steps.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

// A type as a value.
template <typename StepOf>
struct Kind {
    using Step = StepOf;
};

// Calls `use` with the step of a format of integers.
template <typename Quant, int Group, typename Use>
auto with_integers(const Format & format, const Use & use) {
    if (format.has_offsets || shifted<Quant>)
        return use(Kind<IntStep<Quant, Group, true> >(), format);
    return use(Kind<IntStep<Quant, Group, false> >(), format);
}

// The same with whole-number scales. IQ4_XS has groups of 32, of which 16 are summed at once.
template <typename Use>
auto with_whole_scales(const Format & format, const Use & use) {
    if (format.summed == 16)
        return use(Kind<WholeScaleStep<16, 16, false> >(), format);
    if (format.summed == 32)
        return use(Kind<WholeScaleStep<32, 32, true> >(), format);
    if (format.group == 32)
        return use(Kind<WholeScaleStep<32, 64, true> >(), format);
    return format.has_offsets ? use(Kind<WholeScaleStep<16, 64, true> >(), format)
                              : use(Kind<WholeScaleStep<16, 64, false> >(), format);
}

#ifdef INFORM_KERNELS_AMX
// Three pieces are a whole float; half floats and BF16 are two and one.
template <typename Use>
auto with_pieces(ggml_type weights, const Format * format, inform_activations activations, const Use & use) {
    if (weights == GGML_TYPE_BF16)
        return use(Kind<PieceStep<1, 3> >(), format);
    if (weights == GGML_TYPE_F16)
        return use(Kind<PieceStep<2, 3> >(), format);
    if (format && activations == INFORM_ACTIVATIONS_BF16X2)
        return use(Kind<PieceStep<2, 2> >(), format);
    return use(Kind<PieceStep<3, 3> >(), format);
}
#endif

// Calls `use` with the step that products with a type of weights want, and with its format as that takes it.
template <typename Use>
auto with_step(ggml_type weights, inform_activations activations, const Use & use) {
    const Format * format = format_of(weights);
#ifdef INFORM_KERNELS_INT8
    if (format && activations == INFORM_ACTIVATIONS_INT8)
        return format->group == 16 ? with_integers<int8_t, 16>(*format, use) : with_integers<int8_t, 32>(*format, use);
#endif
    if (format && activations == INFORM_ACTIVATIONS_INT16)
        return format->summed ? with_whole_scales(*format, use) : with_integers<int16_t, 32>(*format, use);
#ifdef INFORM_KERNELS_AMX
    if (has_amx())
        return with_pieces(weights, format, activations, use);
#endif
    return use(Kind<FloatStep>(), format);
}

}  // namespace inform::kernels

#endif
