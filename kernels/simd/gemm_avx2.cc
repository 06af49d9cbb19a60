#include <immintrin.h>

#include "kernels/simd/gemm.h"

#pragma GCC push_options
#pragma GCC target("avx2")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/gemm-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avx2-inl.h"

void Run(const GemmTile& tile, int /*vectors*/, int64_t rows) {
  GemmTile t = tile;
  Advance<VecAvx2, 4>(t, rows);
  Advance<VecAvx2, 2>(t, rows);
  Advance<VecAvx2, 1>(t, rows);
}

}  // namespace

const GemmCode kGemmAvx2 = {1, Run};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options
