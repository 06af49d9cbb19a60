#include <immintrin.h>

#include "kernels/simd/gemm.h"

#pragma GCC push_options
#pragma GCC target("avx2,avxvnni")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/gemm-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avxvnni-inl.h"

void Run(const GemmTile& tile, int /*vectors*/, int64_t rows) {
  GemmTile t = tile;
  Advance<VecAvxVnni, 6>(t, rows);
  Advance<VecAvxVnni, 2>(t, rows);
  Advance<VecAvxVnni, 1>(t, rows);
}

}  // namespace

const GemmCode kGemmAvxVnni = {1, Run};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options
