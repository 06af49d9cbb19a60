#include <immintrin.h>

#include "kernels/simd/gemm.h"

#pragma GCC push_options
#pragma GCC target("avx2")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/gemm16-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avx2-inl.h"

void RunWords(const GemmTile& tile, int /*vectors*/, int64_t rows) {
  GemmTile t = tile;
  AdvanceWords<WordsAvx2, false, 4>(t, rows);
  AdvanceWords<WordsAvx2, false, 2>(t, rows);
  AdvanceWords<WordsAvx2, false, 1>(t, rows);
}

void RunSplitWords(const GemmTile& tile, int /*vectors*/, int64_t rows) {
  GemmTile t = tile;
  AdvanceWords<WordsAvx2, true, 2>(t, rows);
  AdvanceWords<WordsAvx2, true, 1>(t, rows);
}

}  // namespace

const GemmCode kGemmWordsAvx2 = {1, RunWords};
const GemmCode kGemmSplitWordsAvx2 = {1, RunSplitWords};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options
