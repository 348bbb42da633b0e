#pragma once

// Activations as the products take them: in blocks as deep as a tile of weights.

#include "products.h"

#ifdef INFORM_KERNELS_LANES

namespace inform::kernels {

// Rounds `count` values, at most `depth`, to 16 bits of their largest magnitude. The scale is NaN where a value is not
// finite, so that the products are too.
void round_activations(const float * values, int count, const Format & format, IntActivations & to);

}  // namespace inform::kernels

#endif
