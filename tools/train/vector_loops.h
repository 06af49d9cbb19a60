#ifndef OCTET_TOOLS_TRAIN_VECTOR_LOOPS_H_
#define OCTET_TOOLS_TRAIN_VECTOR_LOOPS_H_

#include <cstdint>

// Compiles a function for several instruction sets, of which the best one is chosen when the
// program starts. Products are not fused with sums (-ffp-contract=off), so that all give the same
// bits. Sanitizers are not ready yet when that choice is made.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define OCTET_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define OCTET_VECTOR_CLONES
#endif

namespace octet {

// y[i] += factor * x[i]
void AddScaled(float factor, const float* x, int64_t count, float* y);

// y[i] += x[i]
void AddTo(const float* x, int64_t count, float* y);

// The sum of x[i] * y[i], in an order that depends on `count` alone.
float DotProduct(const float* x, const float* y, int64_t count);

// The sum of x[i], likewise.
double Sum(const float* x, int64_t count);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_VECTOR_LOOPS_H_
