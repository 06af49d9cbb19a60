#include "kernels/generic/attention_parts.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"

namespace octet {
namespace generic {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

absl::Status CheckOperand(const Operand& o, DataType type) {
  if (o.type != type || o.quant != nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("one operand is ", Name(o.type), " where others are ", Name(type)));
  }
  if (NumElements(o.shape) == 0) return absl::UnimplementedError("an operand is empty");
  if (o.layout != Layout::kPlain) return absl::UnimplementedError("operands must be row-major");
  return absl::OkStatus();
}

}  // namespace

AttentionGeometry::AttentionGeometry(const KernelContext& context) {
  const bool last = context.node->as<schema::AttentionOptionsT>().heads_last;
  const size_t head = last ? 2 : 1, row = last ? 1 : 2;
  const Shape& q_shape = context.input(kAttentionQ).shape;
  const Shape& v_shape = context.input(kAttentionV).shape;
  batch = q_shape[0], heads = q_shape[head], queries = q_shape[row], depth = q_shape[3];
  shared = v_shape[head], keys = v_shape[row], width = v_shape[3];
  const auto strides = [&](int64_t count, int64_t rows, int64_t size) {
    return last ? Strides{rows * count * size, size, count * size}
                : Strides{rows * count * size, rows * size, size};
  };
  q = strides(heads, queries, depth), k = strides(shared, keys, depth);
  v = strides(shared, keys, width), y = strides(heads, queries, width);
}

AttentionScores::AttentionScores(const KernelContext& context, const AttentionGeometry& geometry)
    : queries_(geometry.queries), keys_(geometry.keys), loops_(LoopsFor(context.cpu)) {
  const auto& options = context.node->as<schema::AttentionOptionsT>();
  softcap_ = options.softcap;
  causal_ = options.causal;
  const Operand& mask = context.input(kAttentionMask);
  has_mask_ = mask.present();
  mask_is_boolean_ = mask.type == DataType::kBool;
  // 0 along dimensions that broadcast.
  int64_t* const strides[] = {&key_stride_, &row_stride_, &head_stride_, &batch_stride_};
  int64_t next = 1;
  for (size_t i = 0; i < mask.shape.size(); ++i) {
    const int64_t size = mask.shape[mask.shape.size() - 1 - i];
    *strides[i] = size == 1 ? 0 : next;
    next *= size;
  }
}

int64_t AttentionScores::Finish(float* scores, float factor, const void* mask, int64_t batch,
                                int64_t head, int64_t query) const {
  const int64_t seen =
      causal_ ? std::max<int64_t>(0, std::min(keys_, query + keys_ - queries_ + 1)) : keys_;
  if (softcap_ > 0) {
    loops_.scale(scores, seen, factor / softcap_);
    const auto tanh = static_cast<size_t>(schema::UnaryKind::TANH);
    loops_.unary[tanh](scores, scores, seen, 0.0f, 0.0f);
    loops_.scale(scores, seen, softcap_);
  } else if (factor != 1.0f) {
    loops_.scale(scores, seen, factor);
  }
  if (has_mask_) {
    AddMask(scores, seen, mask, batch * batch_stride_ + head * head_stride_ + query * row_stride_);
  }
  return seen;
}

void AttentionScores::AddMask(float* scores, int64_t n, const void* mask, int64_t at) const {
  if (mask_is_boolean_) {
    const uint8_t* m = static_cast<const uint8_t*>(mask) + at;
    for (int64_t i = 0; i < n; ++i) scores[i] = m[i * key_stride_] != 0 ? scores[i] : -kInf;
    return;
  }
  constexpr auto kAdd = static_cast<size_t>(schema::BinaryKind::ADD);
  const auto mode = key_stride_ == 0 ? kScalarB : kBothVectors;
  loops_.binary[kAdd][mode](scores, static_cast<const float*>(mask) + at, scores, n, -kInf, kInf);
}

absl::Status CheckAttention(const KernelContext& context, DataType type) {
  for (int i : {kAttentionQ, kAttentionK, kAttentionV}) {
    absl::Status s = CheckOperand(context.input(static_cast<size_t>(i)), type);
    if (!s.ok()) return s;
  }
  const Operand& mask = context.input(kAttentionMask);
  if (mask.present() && mask.type != DataType::kBool) {
    if (absl::Status s = CheckOperand(mask, DataType::kF32); !s.ok()) return s;
  }
  return CheckOperand(context.output(), type);
}

}  // namespace generic
}  // namespace octet
