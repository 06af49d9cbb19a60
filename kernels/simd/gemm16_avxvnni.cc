#include <immintrin.h>

#include "kernels/simd/gemm.h"

#pragma GCC push_options
#pragma GCC target("avx2,avxvnni")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/gemm16-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avxvnni-inl.h"

void RunWords(const GemmTile& tile, int /*vectors*/, int64_t rows) {
  GemmTile t = tile;
  AdvanceWords<WordsAvxVnni, false, 6>(t, rows);
  AdvanceWords<WordsAvxVnni, false, 2>(t, rows);
  AdvanceWords<WordsAvxVnni, false, 1>(t, rows);
}

void RunSplitWords(const GemmTile& tile, int /*vectors*/, int64_t rows) {
  GemmTile t = tile;
  AdvanceWords<WordsAvxVnni, true, 3>(t, rows);
  AdvanceWords<WordsAvxVnni, true, 1>(t, rows);
}

}  // namespace

const GemmCode kGemmWordsAvxVnni = {1, RunWords};
const GemmCode kGemmSplitWordsAvxVnni = {1, RunSplitWords};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options
