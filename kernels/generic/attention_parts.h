#ifndef OCTET_KERNELS_GENERIC_ATTENTION_PARTS_H_
#define OCTET_KERNELS_GENERIC_ATTENTION_PARTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/generic/loops.h"
#include "kernels/kernel.h"

// What the kernels for attention have in common: where operands lie, and what happens to scores.

namespace octet {
namespace generic {

// Inputs of attention, in order.
constexpr int kAttentionQ = 0, kAttentionK = 1, kAttentionV = 2, kAttentionMask = 3;

// Sizes, and distances in elements between neighbours along each dimension.
struct AttentionGeometry {
  int64_t batch, heads, shared, queries, keys, depth, width;  // B, H, G, S, T, D, E

  struct Strides {
    int64_t batch, head, row;
  };
  Strides q, k, v, y;

  explicit AttentionGeometry(const KernelContext& context);
};

// The part of softmax that comes before exp: scores are scaled, capped and masked.
class AttentionScores {
 public:
  AttentionScores(const KernelContext& context, const AttentionGeometry& geometry);

  bool has_mask() const { return has_mask_; }

  // Multiplies the scores of a query by `factor`, caps and masks them, in place. Returns how many
  // keys the query sees, from the first on; the scores of others are left alone. `mask` is the
  // operand.
  int64_t Finish(float* scores, float factor, const void* mask, int64_t batch, int64_t head,
                 int64_t query) const;

 private:
  void AddMask(float* scores, int64_t n, const void* mask, int64_t at) const;

  int64_t queries_, keys_;
  int64_t batch_stride_ = 0, head_stride_ = 0, row_stride_ = 0, key_stride_ = 0;  // of the mask
  bool causal_, has_mask_, mask_is_boolean_;
  float softcap_;
  const Loops& loops_;
};

// Unimplemented unless q, k, v and the result are of the real type `type`, the mask f32 or boolean,
// none is empty and all are row-major.
absl::Status CheckAttention(const KernelContext& context, DataType type = DataType::kF32);

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_ATTENTION_PARTS_H_
