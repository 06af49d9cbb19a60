#include <immintrin.h>

#include "kernels/simd/depthwise.h"

#pragma GCC push_options
#pragma GCC target("avx2,avxvnni")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/depthwise16-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avxvnni-inl.h"

}  // namespace

const DepthwiseCode kDepthwiseWordsAvxVnni = {16, 16, DepthwiseForm::kWords,
                                              RunWordBlock<WordsAvxVnni, false>};
const DepthwiseCode kDepthwiseSplitWordsAvxVnni = {16, 16, DepthwiseForm::kSplitWords,
                                                   RunWordBlock<WordsAvxVnni, true>};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options
