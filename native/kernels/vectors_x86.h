#pragma once

// What vectors.h has on x86 whatever the length of vectors is.

#include <immintrin.h>

#include <cstdint>

namespace inform::kernels {

INFORM_ALWAYS_INLINE void prefetch(const void * at) {
    _mm_prefetch(static_cast<const char *>(at), _MM_HINT_T0);
}

inline void look_up_nibbles(const int8_t * table, const uint8_t * bytes, int16_t * to) {
    const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i *>(table));
    const __m128i both = _mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes)), mask = _mm_set1_epi8(15);
    const __m128i low = _mm_and_si128(both, mask), high = _mm_and_si128(_mm_srli_epi16(both, 4), mask);
    auto * vectors = reinterpret_cast<__m256i *>(to);
    _mm256_storeu_si256(vectors, _mm256_cvtepi8_epi16(_mm_shuffle_epi8(values, low)));
    _mm256_storeu_si256(vectors + 1, _mm256_cvtepi8_epi16(_mm_shuffle_epi8(values, high)));
}

}  // namespace inform::kernels
