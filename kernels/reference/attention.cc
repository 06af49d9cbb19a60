#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/reference/problem.h"
#include "kernels/reference/product.h"
#include "kernels/reference/reference.h"
#include "kernels/row_quantization.h"

namespace octet {
namespace reference {
namespace {

constexpr size_t kQ = 0, kK = 1, kV = 2, kMask = 3;
constexpr double kExcluded = -std::numeric_limits<double>::infinity();

// What is added to the score of a query and a key.
class Mask {
 public:
  Mask(const Problem& problem, const RunArgs& args)
      : present_(problem.has_input(kMask)),
        boolean_(present_ && problem.inputs[kMask].type == DataType::kBool),
        numbers_(problem.In(present_ ? kMask : kQ, args)) {}

  bool boolean() const { return boolean_; }
  // at: [B, H, S, T].
  double At(const Shape& at) const {
    if (!present_) return 0;
    const Shape& shape = numbers_.shape();
    int64_t offset = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] > 1) offset += at[at.size() - shape.size() + d] * numbers_.strides()[d];
    }
    if (boolean_) return numbers_.data()[offset] != 0 ? 0 : kExcluded;
    return numbers_.Real(offset);
  }

 private:
  bool present_, boolean_;
  Numbers numbers_;
};

class Attention {
 public:
  Attention(const Problem& problem, const RunArgs& args)
      : options_(problem.node->as<schema::AttentionOptionsT>()),
        head_(options_.heads_last ? 2 : 1),
        time_(options_.heads_last ? 1 : 2),
        q_(problem.In(kQ, args)),
        k_(problem.In(kK, args)),
        v_(problem.In(kV, args)),
        y_(problem.Out(0, args)),
        mask_(problem, args),
        shared_by_(q_.shape()[head_] / k_.shape()[head_]) {}

  void Compute() {
    ForEachIndex({q_.shape()[0], q_.shape()[head_], q_.shape()[time_]},
                 [&](const Shape& at) { Query(at[0], at[1], at[2]); });
  }

  // With the arithmetic of that name.
  void ComputeDynamic() {
    const int64_t keys = k_.shape()[time_];
    std::vector<Row> k(static_cast<size_t>(keys)), v(static_cast<size_t>(keys));
    for (int64_t batch = 0; batch < q_.shape()[0]; ++batch) {
      for (int64_t head = 0; head < q_.shape()[head_]; ++head) {
        for (int64_t key = 0; key < keys; ++key) {
          k[static_cast<size_t>(key)] = Symmetric(k_, batch, head / shared_by_, key);
          v[static_cast<size_t>(key)] = Symmetric(v_, batch, head / shared_by_, key);
        }
        for (int64_t query = 0; query < q_.shape()[time_]; ++query) {
          QueryDynamic(batch, head, query, k, v);
        }
      }
    }
  }

 private:
  int64_t Offset(const Numbers& x, int64_t batch, int64_t head, int64_t time) const {
    Shape at(4);
    at[0] = batch;
    at[head_] = head;
    at[time_] = time;
    return x.Offset(at);
  }

  void Query(int64_t batch, int64_t head, int64_t query) {
    const int64_t keys = k_.shape()[time_], queries = q_.shape()[time_];
    std::vector<double> weights(static_cast<size_t>(keys), kExcluded);
    for (int64_t key = 0; key < keys; ++key) {
      if (options_.causal && key > query + keys - queries) break;
      weights[static_cast<size_t>(key)] =
          Score(batch, head, query, key) + mask_.At({batch, head, query, key});
    }
    const double max = keys == 0 ? kExcluded : *std::max_element(weights.begin(), weights.end());
    double sum = 0;
    for (double& w : weights) {
      w = max == kExcluded ? 0 : std::exp(w - max);
      sum += w;
    }
    const int64_t to = Offset(y_, batch, head, query);
    for (int64_t e = 0; e < v_.shape()[3]; ++e) {
      double value = 0;
      for (int64_t key = 0; key < keys && max != kExcluded; ++key) {
        const double w = weights[static_cast<size_t>(key)] / sum;
        value += w * v_.Real(Offset(v_, batch, head / shared_by_, key) + e * v_.strides()[3]);
      }
      y_.SetReal(to + e * y_.strides()[3], static_cast<float>(value));
    }
  }

  // Elements of one head and time as symmetric s8.
  struct Row {
    float scale = 0;
    std::vector<int32_t> q;
  };
  Row Symmetric(const Numbers& x, int64_t batch, int64_t head, int64_t time) const {
    RowRange range;
    const int64_t from = Offset(x, batch, head, time), count = x.shape()[3];
    const auto at = [&](int64_t i) { return x.Real(from + i * x.strides()[3]); };
    for (int64_t i = 0; i < count; ++i) {
      range = Union(range, {std::min(at(i), 0.0f), std::max(at(i), 0.0f), std::isfinite(at(i))});
    }
    const RowParams params = SymmetricRow(range);
    Row row = {params.scale, std::vector<int32_t>(static_cast<size_t>(count), 0)};
    for (int64_t i = 0; i < count && range.finite; ++i) {
      row.q[static_cast<size_t>(i)] =
          std::clamp(static_cast<int32_t>(std::nearbyintf(at(i) * params.inv_scale)), -127, 127);
    }
    return row;
  }

  void QueryDynamic(int64_t batch, int64_t head, int64_t query, const std::vector<Row>& k,
                    const std::vector<Row>& v) {
    const int64_t queries = q_.shape()[time_], depth = q_.shape()[3];
    const auto keys = static_cast<int64_t>(k.size());
    DynamicRow row;
    row.Quantize(reinterpret_cast<const float*>(q_.data()) + Offset(q_, batch, head, query), depth,
                 q_.strides()[3]);
    const int64_t seen =
        options_.causal ? std::max<int64_t>(0, std::min(keys, query + keys - queries + 1)) : keys;
    std::vector<float> e;
    float max = static_cast<float>(kExcluded);
    for (int64_t key = 0; key < seen; ++key) {
      const Row& factor = k[static_cast<size_t>(key)];
      int64_t sum = 0;
      for (size_t d = 0; d < factor.q.size(); ++d) sum += row.offsets[d] * factor.q[d];
      float score = static_cast<float>(sum) * ((options_.scale * row.scale) * factor.scale);
      if (options_.softcap > 0) score = options_.softcap * std::tanh(score / options_.softcap);
      const auto mask = static_cast<float>(mask_.At({batch, head, query, key}));
      e.push_back(mask_.boolean() && mask != 0 ? mask : score + mask);
      max = std::max(max, e.back());
    }
    if (max == static_cast<float>(kExcluded)) max = 0;
    double sum = 0;
    for (float& value : e) {
      value = std::exp(value - max);
      sum += value;
    }
    Combine(e, static_cast<float>(sum), v, Offset(y_, batch, head, query));
  }

  // y = the sum of v, weighed by e / sum.
  void Combine(const std::vector<float>& e, float sum, const std::vector<Row>& v, int64_t to) {
    std::vector<float> weights;
    float max = 0;
    for (size_t t = 0; t < e.size(); ++t) {
      weights.push_back(e[t] == 0 ? 0 : e[t] * v[t].scale);
      max = std::isnan(weights[t]) ? weights[t] : std::max(max, weights[t]);
      if (std::isnan(max)) break;
    }
    const RowParams params = WeightRow(max);
    for (int64_t i = 0; i < v_.shape()[3]; ++i) {
      int64_t total = 0;
      for (size_t t = 0; t < weights.size() && !std::isnan(max); ++t) {
        const auto w = static_cast<int32_t>(std::nearbyintf(weights[t] * params.inv_scale));
        total += std::min(w, 255) * v[t].q[static_cast<size_t>(i)];
      }
      const float factor = sum == 0 ? 0 : params.scale / sum;
      y_.SetReal(to + i * y_.strides()[3], static_cast<float>(total) * factor);
    }
  }

  double Score(int64_t batch, int64_t head, int64_t query, int64_t key) const {
    const int64_t q = Offset(q_, batch, head, query), k = Offset(k_, batch, head / shared_by_, key);
    double sum = 0;
    for (int64_t d = 0; d < q_.shape()[3]; ++d) {
      sum +=
          static_cast<double>(q_.Real(q + d * q_.strides()[3])) * k_.Real(k + d * k_.strides()[3]);
    }
    const double score = options_.scale * sum, cap = options_.softcap;
    return cap > 0 ? cap * std::tanh(score / cap) : score;
  }

  const schema::AttentionOptionsT& options_;
  size_t head_, time_;
  Numbers q_, k_, v_, y_;
  Mask mask_;
  int64_t shared_by_;  // heads of q that share one of k and v
};

void Compute(const Problem& problem, const RunArgs& args) {
  Attention attention(problem, args);
  if (problem.node->as<schema::AttentionOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC) {
    attention.ComputeDynamic();
  } else {
    attention.Compute();
  }
}

absl::Status Check(const KernelContext& context) {
  const Operand& mask = context.input(kMask);
  if (mask.present() && mask.type != DataType::kBool && !IsF32(mask)) {
    return absl::UnimplementedError(absl::StrCat("mask is ", Describe(mask)));
  }
  const bool real = IsF32(context.input(kQ)) && IsF32(context.input(kK)) &&
                    IsF32(context.input(kV)) && IsF32(context.output());
  return real ? absl::OkStatus() : absl::UnimplementedError("q, k, v and y must be f32");
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceAttention = {"reference", reference::Check,
                                         reference::PrepareWith<reference::Compute>};

}  // namespace octet
