#include "activations.h"

#ifdef INFORM_KERNELS_LANES

#include <algorithm>
#include <cfloat>
#include <cstring>
#include <limits>

namespace inform::kernels {

namespace {

constexpr float largest_quant = 32767.0f;

// Compared as integers, the bits of magnitudes are in the order of the values, and those of NaN and infinity come last.
float largest_magnitude(const float * values, int count) {
    Ints most = zero_ints();
    for (int i = 0; i < count; i += lanes)
        most = larger(most, bits_of_magnitude(load(values + i)));
    alignas(64) int32_t lane[lanes];
    store(lane, most);
    const int32_t bits = *std::max_element(lane, lane + lanes);
    float largest;
    std::memcpy(&largest, &bits, sizeof largest);
    return largest;
}

// The sums are at most 20 bits long, so exact as floats. A constant length, so that the compiler makes vectors of it.
template <int Group>
void sum_groups(const int16_t * quants, int count, float * sums) {
    for (int g = 0; g < count / Group; ++g) {
        int32_t sum = 0;
        for (int i = 0; i < Group; ++i)
            sum += quants[g * Group + i];
        sums[g] = static_cast<float>(sum);
    }
}

}  // namespace

void round_activations(const float * values, int count, const Format & format, IntActivations & to) {
    const float largest = largest_magnitude(values, count);
    // Below it the reciprocal would be infinite; the products are then zero, as those of floats nearly are.
    const bool negligible = largest < FLT_MIN * largest_quant;
    const bool finite = largest <= FLT_MAX;
    to.scale = !finite ? std::numeric_limits<float>::quiet_NaN() : negligible ? 0.0f : largest / largest_quant;
    const Floats factor = broadcast(finite && !negligible ? largest_quant / largest : 0.0f);
    for (int i = 0; i < count; i += lanes)
        store_rounded(load(values + i), factor, to.quants + i);
    if (!format.has_offsets)
        return;
    if (format.group == 16)
        sum_groups<16>(to.quants, count, to.sums);
    else
        sum_groups<32>(to.quants, count, to.sums);
}

}  // namespace inform::kernels

#endif
