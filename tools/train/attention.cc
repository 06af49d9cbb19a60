#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/onednn/sgemm.h"
#include "tools/train/op.h"

// Scaled dot-product attention, head by head: p = softmax(s), where s = scale * q k' + mask, and
// y = p v. With g the gradient of y, that of v is p' g and that of p is g v'; from the latter, d,
// follows that of s: p * (d - sum of p * d), row by row; and those of q and k are scale times its
// products with k and q. Nothing is kept between the directions: p is computed again.

namespace octet {
namespace {

constexpr size_t kQ = 0, kK = 1, kV = 2, kMask = 3;
constexpr float kExcluded = -std::numeric_limits<float>::infinity();

// One of q, k, v and y: [B, H, S, D], or [B, S, H, D] with heads last.
struct Heads {
  int64_t heads, rows, depth;
  bool last;

  Heads(const Shape& shape, bool heads_last)
      : heads(shape[heads_last ? 2 : 1]),
        rows(shape[heads_last ? 1 : 2]),
        depth(shape[3]),
        last(heads_last) {}

  // Where the matrix [rows, depth] of a head begins, and how far apart its rows are.
  int64_t Offset(int64_t batch, int64_t head) const {
    return batch * heads * rows * depth + head * depth * (last ? 1 : rows);
  }
  int64_t stride() const { return last ? heads * depth : depth; }
};

class Attention final : public TrainOp {
 public:
  explicit Attention(const OpContext& context)
      : options_(context.node.as<schema::AttentionOptionsT>()),
        batch_(context.inputs[kQ][0]),
        q_(context.inputs[kQ], options_.heads_last),
        k_(context.inputs[kK], options_.heads_last),
        v_(context.inputs[kV], options_.heads_last),
        y_(context.outputs[0], options_.heads_last) {
    if (!context.has_input(kMask)) return;
    boolean_mask_ = context.input(kMask).type == DataType::kBool;
    const Shape& mask = context.inputs[kMask];
    int64_t step = 1;
    for (size_t d = mask.size(); d-- > 0;) {
      mask_steps_[d + 4 - mask.size()] = mask[d] > 1 ? step : 0;
      step *= mask[d];
    }
  }

  size_t scratch() const override { return static_cast<size_t>(3 * Scores()); }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue& v = args.inputs[kV];
    const float y_scale = args.output_scales[0];
    const float alpha = y_scale == 0 ? v.scale() : v.scale() / y_scale;
    float* p = args.scratch;
    ForEachHead([&](int64_t b, int64_t h) {
      Probabilities(args.inputs, b, h, p, p + 2 * Scores());
      Sgemm(q_.rows, v_.depth, k_.rows, alpha, {p, k_.rows}, Of(v_, v.data, b, Shared(h)), 0,
            args.outputs[0] + y_.Offset(b, h), y_.stride());
    });
  }

  void Backward(const BackwardArgs& args) const override {
    const TrainValue &q = args.inputs[kQ], &k = args.inputs[kK], &v = args.inputs[kV];
    float *gq = args.input_gradients[kQ], *gk = args.input_gradients[kK];
    float* gv = args.input_gradients[kV];
    float* mask = args.input_gradients.size() > kMask ? args.input_gradients[kMask] : nullptr;
    float *p = args.scratch, *d = p + Scores(), *capped = d + Scores();
    ForEachHead([&](int64_t b, int64_t h) {
      const int64_t shared = Shared(h);
      Probabilities(args.inputs, b, h, p, capped);
      const ConstMatrix g = Of(y_, args.output_gradients[0], b, h);
      if (gv != nullptr) {
        Sgemm(k_.rows, v_.depth, q_.rows, 1, {p, k_.rows, true}, g, 1, gv + v_.Offset(b, shared),
              v_.stride());
      }
      if (gq == nullptr && gk == nullptr && mask == nullptr) return;
      Sgemm(q_.rows, k_.rows, v_.depth, v.scale(), g, Transposed(Of(v_, v.data, b, shared)), 0, d,
            k_.rows);
      BackThroughSoftmax(p, d);
      if (mask != nullptr) AddToMask(d, b, h, mask);
      if (options_.softcap > 0) BackThroughCap(capped, d);
      if (gq != nullptr) {
        Sgemm(q_.rows, q_.depth, k_.rows, options_.scale * k.scale(), {d, k_.rows},
              Of(k_, k.data, b, shared), 1, gq + q_.Offset(b, h), q_.stride());
      }
      if (gk != nullptr) {
        Sgemm(k_.rows, k_.depth, q_.rows, options_.scale * q.scale(), {d, k_.rows, true},
              Of(q_, q.data, b, h), 1, gk + k_.Offset(b, shared), k_.stride());
      }
    });
  }

 private:
  int64_t Scores() const { return q_.rows * k_.rows; }
  // The head of k and v that a head of q reads.
  int64_t Shared(int64_t head) const { return head / (q_.heads / k_.heads); }

  static ConstMatrix Of(const Heads& heads, const float* data, int64_t batch, int64_t head) {
    return {data + heads.Offset(batch, head), heads.stride()};
  }
  static ConstMatrix Transposed(ConstMatrix m) { return {m.data, m.stride, !m.transposed}; }

  template <typename Fn>
  void ForEachHead(const Fn& fn) const {
    if (Scores() == 0) return;
    for (int64_t b = 0; b < batch_; ++b) {
      for (int64_t h = 0; h < q_.heads; ++h) fn(b, h);
    }
  }

  // Calls fn(index of the score, offset into the mask).
  template <typename Fn>
  void ForEachMasked(int64_t batch, int64_t head, const Fn& fn) const {
    const int64_t from = batch * mask_steps_[0] + head * mask_steps_[1];
    for (int64_t s = 0; s < q_.rows; ++s) {
      for (int64_t t = 0; t < k_.rows; ++t) {
        fn(s * k_.rows + t, from + s * mask_steps_[2] + t * mask_steps_[3]);
      }
    }
  }

  // p [S, T] of a head. With a softcap, `capped` gets the scores before the mask.
  void Probabilities(absl::Span<const TrainValue> inputs, int64_t batch, int64_t head, float* p,
                     float* capped) const {
    const TrainValue &q = inputs[kQ], &k = inputs[kK];
    Sgemm(q_.rows, k_.rows, q_.depth, options_.scale * q.scale() * k.scale(),
          Of(q_, q.data, batch, head), Transposed(Of(k_, k.data, batch, Shared(head))), 0, p,
          k_.rows);
    if (options_.softcap > 0) {
      for (int64_t i = 0; i < Scores(); ++i) {
        p[i] = capped[i] = options_.softcap * std::tanh(p[i] / options_.softcap);
      }
    }
    if (inputs.size() > kMask && inputs[kMask].present()) {
      const TrainValue& mask = inputs[kMask];
      ForEachMasked(batch, head, [&](int64_t i, int64_t at) {
        const float m = mask.scale() * mask.data[at];
        p[i] = !boolean_mask_ ? p[i] + m : m != 0 ? p[i] : kExcluded;
      });
    }
    for (int64_t s = 0; s < q_.rows; ++s) SoftmaxOfRow(s, p + s * k_.rows);
  }

  void SoftmaxOfRow(int64_t query, float* p) const {
    const int64_t keys = k_.rows;
    const int64_t seen =
        options_.causal ? std::clamp<int64_t>(query + keys - q_.rows + 1, 0, keys) : keys;
    std::fill(p + seen, p + keys, 0.0f);
    const float max = seen == 0 ? kExcluded : *std::max_element(p, p + seen);
    if (max == kExcluded) {
      std::fill_n(p, seen, 0.0f);
      return;
    }
    double sum = 0;
    for (int64_t t = 0; t < seen; ++t) {
      p[t] = std::exp(p[t] - max);
      sum += p[t];
    }
    const auto factor = static_cast<float>(1 / sum);
    for (int64_t t = 0; t < seen; ++t) p[t] *= factor;
  }

  // Makes of the gradient of p, in `d`, that of the masked scores.
  void BackThroughSoftmax(const float* p, float* d) const {
    for (int64_t s = 0; s < q_.rows; ++s, p += k_.rows, d += k_.rows) {
      double sum = 0;
      for (int64_t t = 0; t < k_.rows; ++t) sum += static_cast<double>(p[t]) * d[t];
      const auto mean = static_cast<float>(sum);
      for (int64_t t = 0; t < k_.rows; ++t) d[t] = p[t] * (d[t] - mean);
    }
  }

  void BackThroughCap(const float* capped, float* d) const {
    for (int64_t i = 0; i < Scores(); ++i) {
      const float tanh = capped[i] / options_.softcap;
      d[i] *= 1 - tanh * tanh;
    }
  }

  void AddToMask(const float* d, int64_t batch, int64_t head, float* mask) const {
    ForEachMasked(batch, head, [&](int64_t i, int64_t at) { mask[at] += d[i]; });
  }

  const schema::AttentionOptionsT options_;
  const int64_t batch_;
  const Heads q_, k_, v_, y_;
  bool boolean_mask_ = false;
  std::array<int64_t, 4> mask_steps_{};  // by dimension of [B, H, S, T]
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeAttention(const OpContext& context) {
  if (context.node.as<schema::AttentionOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC) {
    return absl::UnimplementedError("dynamic arithmetic has no scales to train");
  }
  return std::make_unique<Attention>(context);
}

}  // namespace octet
