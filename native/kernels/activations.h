#pragma once

// Activations as the products take them: in blocks as deep as a tile of weights.

#include "products.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

// Rounds `count` values, at most `depth`, to 8 or 16 bits of their largest magnitude, and sums them where `with_sums`.
// The scale is NaN where a value is not finite, so that the products are too.
template <typename Quant>
void round_activations(const float * values, int count, int group, bool with_sums, IntActivations<Quant> & to);

}  // namespace inform::kernels

#endif
