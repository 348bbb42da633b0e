#include "activations.h"

#ifdef INFORM_KERNELS_LANES

#include <algorithm>
#include <cfloat>
#include <cstring>
#include <limits>

namespace inform::kernels {

namespace {

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

// Rounds values that share a scale, and returns that.
template <typename Quant>
float round_to(const float * values, int count, Quant * quants) {
    constexpr float largest_quant = std::numeric_limits<Quant>::max();
    const float largest = largest_magnitude(values, count);
    // Below it the reciprocal would be infinite; the products are then zero, as those of floats nearly are.
    const bool negligible = largest < FLT_MIN * largest_quant;
    const bool finite = largest <= FLT_MAX;
    const Floats factor = broadcast(finite && !negligible ? largest_quant / largest : 0.0f);
    for (int i = 0; i < count; i += lanes)
        store_narrowed(quants + i, to_ints(times(load(values + i), factor)));
    return !finite ? std::numeric_limits<float>::quiet_NaN() : negligible ? 0.0f : largest / largest_quant;
}

// At most 20 bits, so exact as a float. A constant length, so that the compiler makes vectors of it.
template <int Group, typename Quant>
float sum_of(const Quant * quants) {
    int32_t sum = 0;
    for (int i = 0; i < Group; ++i)
        sum += quants[i];
    return static_cast<float>(sum);
}

template <int Group, typename Quant>
void round_groups(const float * values, int count, bool with_sums, IntActivations<Quant> & to) {
    alignas(64) Quant quants[depth];
    if (!scale_for_group<Quant>)
        to.scales[0] = round_to(values, count, quants);
    for (int g = 0; g < count / Group; ++g) {
        const int begin = g * Group;
        if (scale_for_group<Quant>)
            to.scales[g] = round_to(values + begin, Group, quants + begin);
        if (with_sums)
            to.sums[g] = sum_of<Group>(quants + begin) * (scale_for_group<Quant> ? to.scales[g] : 1.0f);
    }
    keep(quants, count, to);
}

}  // namespace

template <typename Quant>
void round_activations(const float * values, int count, int group, bool with_sums, IntActivations<Quant> & to) {
    if (group == 16)
        round_groups<16>(values, count, with_sums, to);
    else
        round_groups<32>(values, count, with_sums, to);
}

template void round_activations(const float *, int, int, bool, IntActivations<int16_t> &);
template void round_activations(const float *, int, int, bool, IntActivations<int8_t> &);

}  // namespace inform::kernels

#endif
