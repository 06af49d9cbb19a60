#ifndef OCTET_KERNELS_SIMD_PREFERENCE_H_
#define OCTET_KERNELS_SIMD_PREFERENCE_H_

#include "absl/status/status.h"
#include "kernels/kernel.h"

namespace octet {
namespace simd {

// Unimplemented, with the reason, where oneDNN's dense products are faster than ours. Measured
// layer by layer with bench/kernel_bench on EfficientNet-Lite0, SqueezeNet 1.1 and ResNet-50: with
// AVX512-VNNI ours are as fast in deep layers and faster in layers with few channels; without VNNI,
// oneDNN adds products in 16 bits (where prepare proves that they fit), which takes fewer
// instructions than our exact sums. It has no products of s16.
absl::Status CheckFasterThanOnednn(const KernelContext& context);

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_PREFERENCE_H_
