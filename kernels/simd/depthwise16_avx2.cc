#include <immintrin.h>

#include "kernels/simd/depthwise.h"

#pragma GCC push_options
#pragma GCC target("avx2")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/depthwise16-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avx2-inl.h"

}  // namespace

const DepthwiseCode kDepthwiseWordsAvx2 = {16, 16, DepthwiseForm::kWords,
                                           RunWordBlock<WordsAvx2, false>};
const DepthwiseCode kDepthwiseSplitWordsAvx2 = {16, 16, DepthwiseForm::kSplitWords,
                                                RunWordBlock<WordsAvx2, true>};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options
