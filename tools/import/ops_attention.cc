#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"
#include "tools/simplify/constants.h"

// Attention and RotaryEmbedding.

namespace octet::importer {
namespace {

using schema::BinaryKind;

constexpr int64_t kToEnd = std::numeric_limits<int64_t>::max();

// One Attention node: q [B, H, S, D], k [B, G, T, D] and v [B, G, T, E], or with heads_last
// q [B, S, H, D] and so on.
struct Heads {
  TensorId q = kNoTensor, k = kNoTensor, v = kNoTensor;
  bool heads_last = false;
  bool flat = false;  // the operands were [B, S, H * D]
};

// Splits [B, S, H * D] into heads, behind the sequence or before it.
TensorId SplitHeads(Steps& s, const char* suffix, TensorId x, int64_t heads, bool heads_last) {
  const TensorId split = s.Reshape(suffix, {0, 0, heads, -1}, x);
  return heads_last ? split : s.Transpose(absl::StrCat(suffix, "_turned"), {0, 2, 1, 3}, split);
}

absl::StatusOr<Heads> ReadHeads(OpContext& c, Steps& s) {
  Heads heads;
  heads.q = s.Input(0);
  heads.k = s.Input(1);
  heads.v = s.Input(2);
  if (!s.ok()) return s.status();
  heads.flat = c.value(0).rank() == 3;
  const int64_t q_heads = c.attributes.Int("q_num_heads", 0);
  const int64_t kv_heads = c.attributes.Int("kv_num_heads", 0);
  for (size_t i = 0; i < 3; ++i) {
    if (c.value(i).rank() != (heads.flat ? 3u : 4u)) {
      return absl::InvalidArgumentError("has operands of different ranks, or neither 3 nor 4");
    }
  }
  if (heads.flat) {
    if (q_heads < 1 || kv_heads < 1) {
      return absl::InvalidArgumentError("lacks the numbers of heads");
    }
    // The past and what else is asked for have the heads first.
    heads.heads_last = !c.has(4) && !c.has(5) && !c.wants(1) && !c.wants(2) && !c.wants(3);
    heads.q = SplitHeads(s, "q", heads.q, q_heads, heads.heads_last);
    heads.k = SplitHeads(s, "k", heads.k, kv_heads, heads.heads_last);
    heads.v = SplitHeads(s, "v", heads.v, kv_heads, heads.heads_last);
  }
  if (c.has(4) != c.has(5)) return absl::InvalidArgumentError("has one of past key and value only");
  if (c.has(4)) {
    heads.k = s.Concat("present_key", 2, {s.Input(4), heads.k});
    heads.v = s.Concat("present_value", 2, {s.Input(5), heads.v});
  }
  if (!s.ok()) return s.status();
  return heads;
}

// Builds what masks the scores [B, H, S, T].
class Mask {
 public:
  Mask(OpContext& c, Steps& s, const Heads& heads) : c_(c), s_(s), heads_(heads) {}

  // The mask for the node, kNoTensor without one; `causal` says whether the node itself masks by
  // order.
  TensorId Build(bool& causal) {
    const bool wants_causal = c_.attributes.Int("is_causal", 0) != 0;
    const int64_t left = c_.attributes.Int("left_window_size", -1);
    const int64_t right = c_.attributes.Int("right_window_size", -1);
    causal = wants_causal && !c_.has(6) && SeesSameAsNode();
    if (wants_causal && !causal) Restrict(BinaryKind::LESS_EQUAL, 0);
    if (right >= 0) Restrict(BinaryKind::LESS_EQUAL, right);
    if (left >= 0) Restrict(BinaryKind::GREATER_EQUAL, -left);
    if (c_.has(6)) And(s_.Binary("is_token", BinaryKind::LESS, Keys(), Lengths()));
    return c_.has(3) ? Joined() : allowed_;
  }

 private:
  size_t time() const { return heads_.heads_last ? 1 : 2; }

  // The node counts from the end of the keys, ONNX from the past.
  bool SeesSameAsNode() const {
    const size_t axis = heads_.flat ? 1 : 2;
    for (size_t p = 0; p < kProbes; ++p) {
      if (c_.value(0).shape[p][axis] != c_.value(1).shape[p][axis]) return false;
    }
    return true;
  }

  TensorId Count(const std::string& suffix, TensorId length) {
    return s_.Add(suffix, schema::RangeOptionsT(),
                  {s_.Number(DataType::kS64, 0), length, s_.Number(DataType::kS64, 1)},
                  DataType::kS64);
  }
  // Positions of keys [T].
  TensorId Keys() {
    if (keys_ == kNoTensor) {
      keys_ = Count("keys", s_.ShapeOf("key_count", heads_.k, time(), time() + 1));
    }
    return keys_;
  }
  // nonpad_kv_seqlen as [B, 1, 1, 1].
  TensorId Lengths() { return s_.Reshape("lengths", {-1, 1, 1, 1}, s_.Input(6)); }
  // Positions of queries among the keys, [S, 1] or [B, 1, S, 1].
  TensorId Queries() {
    const TensorId count = s_.ShapeOf("query_count", heads_.q, time(), time() + 1);
    const TensorId rows = s_.Reshape("queries", {-1, 1}, Count("query", count));
    if (c_.has(4)) {
      return s_.Sum("positions", rows, s_.ShapeOf("past_count", s_.Input(4), 2, 3));
    }
    if (!c_.has(6)) return rows;
    const TensorId offset = s_.Binary("offset", BinaryKind::SUB, Lengths(), count);
    return s_.Sum("positions", rows, offset);
  }
  // key <kind> query + bound
  void Restrict(BinaryKind kind, int64_t bound) {
    const TensorId limit =
        s_.Sum("limit", Queries(), s_.Number(DataType::kS64, static_cast<double>(bound)));
    And(s_.Binary("in_window", kind, Keys(), limit));
  }
  void And(TensorId condition) {
    allowed_ = allowed_ == kNoTensor ? condition
                                     : s_.Binary("allowed", BinaryKind::AND, allowed_, condition);
  }
  // The attention mask, as long as there are keys, with what else is restricted.
  TensorId Joined() {
    TensorId mask = s_.Input(3);
    if (!s_.ok()) return kNoTensor;
    const bool boolean = c_.value(3).type == DataType::kBool;
    const size_t last = c_.value(3).rank() - 1;
    bool as_long = c_.value(3).rank() > 0;
    for (size_t p = 0; p < kProbes && as_long; ++p) {
      const int64_t length = c_.value(3).shape[p][last];
      as_long = length == 1 || length == s_.shape(heads_.k)[p][time()];
    }
    constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
    if (!as_long) {
      s_.Fail(absl::UnimplementedError("has a mask that is shorter than the keys"));
      return kNoTensor;
    }
    if (allowed_ == kNoTensor) return mask;
    if (boolean) return s_.Binary("mask", BinaryKind::AND, mask, allowed_);
    return s_.Add("mask", schema::WhereOptionsT(),
                  {allowed_, mask, s_.Number(DataType::kF32, kMinusInfinity)});
  }

  OpContext& c_;
  Steps& s_;
  const Heads& heads_;
  TensorId keys_ = kNoTensor;
  TensorId allowed_ = kNoTensor;
};

// The scores [B, H, S, T] at the point that `mode` names, for who asks for them. `mask` includes
// order.
TensorId Scores(OpContext& c, Steps& s, const Heads& heads, TensorId mask, int64_t mode,
                float scale, float softcap) {
  schema::MatMulOptionsT product;
  product.transpose_b = true;
  const int64_t q_heads = s.shape(heads.q)[0][1], kv_heads = s.shape(heads.k)[0][1];
  TensorId q = heads.q;
  // Heads of q that share one of k stand one below the other.
  if (q_heads != kv_heads) q = s.Reshape("grouped", {0, kv_heads, -1, -5}, q);
  TensorId scores = s.Add("scores", std::move(product), {q, heads.k});
  if (q_heads != kv_heads) scores = s.Reshape("ungrouped", {0, q_heads, -1, -5}, scores);
  const auto number = [&](float value) {
    return s.Number(DataType::kF32, static_cast<double>(value));
  };
  scores = s.Product("scaled", scores, number(scale));
  if (mode >= 1 && softcap > 0) {
    const TensorId ratio = s.Binary("ratio", BinaryKind::DIV, scores, number(softcap));
    scores = s.Product("capped", s.Unary("tanh", schema::UnaryKind::TANH, ratio), number(softcap));
  }
  if (mode >= 2 && mask != kNoTensor && s.ok()) {
    const bool boolean = c.builder.type(mask) == DataType::kBool;
    scores = boolean ? s.Add("masked", schema::WhereOptionsT(),
                             {mask, scores, number(-std::numeric_limits<float>::infinity())})
                     : s.Sum("masked", scores, mask);
  }
  if (mode < 3) return scores;
  schema::SoftmaxOptionsT softmax;
  softmax.axis = 3;
  const TensorId shares = s.Add("shares", std::move(softmax), {scores});
  // Rows that exclude everything.
  const TensorId undefined = s.Unary("undefined", schema::UnaryKind::IS_NAN, shares);
  return s.Add("shares_or_0", schema::WhereOptionsT(), {undefined, number(0), shares});
}

absl::Status FinishAttention(Steps& s, const Heads& heads, schema::AttentionOptionsT options,
                             TensorId mask) {
  std::vector<TensorId> inputs = {heads.q, heads.k, heads.v};
  if (mask != kNoTensor) inputs.push_back(mask);
  if (!heads.flat) return s.Finish(std::move(options), std::move(inputs));
  TensorId y = s.Add("heads", std::move(options), std::move(inputs));
  if (!heads.heads_last) y = s.Transpose("turned", {0, 2, 1, 3}, y);
  schema::ReshapeOptionsT joined;
  joined.shape = {0, 0, -1};
  return s.Finish(std::move(joined), {y});
}

absl::Status ImportAttention(OpContext& c) {
  c.attributes.Ignore("softmax_precision");  // f32 whatever is asked for
  Steps s(c);
  const auto heads = ReadHeads(c, s);
  if (!heads.ok()) return heads.status();
  const ProbedShape& q = s.shape(heads->q);
  if (!IsFixed(SizeAt(q, 3)) || !IsFixed(SizeAt(q, heads->heads_last ? 2 : 1)) ||
      !IsFixed(SizeAt(s.shape(heads->k), heads->heads_last ? 2 : 1))) {
    return absl::UnimplementedError("needs known numbers and sizes of heads");
  }
  schema::AttentionOptionsT options;
  options.heads_last = heads->heads_last;
  options.softcap = c.attributes.Float("softcap", 0.0f);
  options.scale = c.attributes.Float(
      "scale", 1.0f / std::sqrt(static_cast<float>(std::max<int64_t>(q[0][3], 1))));
  const int64_t mode = c.attributes.Int("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3) {
    return absl::InvalidArgumentError(absl::StrCat("has qk_matmul_output_mode ", mode));
  }
  bool causal = false;
  const TensorId mask = Mask(c, s, *heads).Build(causal);
  options.causal = causal;
  const float scale = options.scale, softcap = options.softcap;
  if (absl::Status status = FinishAttention(s, *heads, std::move(options), mask); !status.ok()) {
    return status;
  }
  if (!c.wants(1) && !c.wants(2) && !c.wants(3)) return absl::OkStatus();
  c.outputs.resize(3);
  c.outputs[1] = ValueOf(c.builder, heads->k);
  c.outputs[2] = ValueOf(c.builder, heads->v);
  if (!c.wants(3)) return absl::OkStatus();
  if (causal && mode >= 2) {
    return absl::UnimplementedError("gives causal scores as its fourth output");
  }
  const TensorId scores = Scores(c, s, *heads, mask, mode, scale, softcap);
  if (!s.ok()) return s.status();
  c.outputs.push_back(ValueOf(c.builder, scores));
  return absl::OkStatus();
}

// cos or sin per position: [B, 1, S, R / 2], or with heads behind the sequence [B, S, 1, R / 2].
TensorId Angles(OpContext& c, Steps& s, size_t index, bool heads_last, const char* suffix) {
  TensorId angles = s.Input(index);
  if (c.has(3)) {
    angles = s.Add(absl::StrCat(suffix, "_at"), schema::GatherOptionsT(), {angles, s.Input(3)});
  }
  return heads_last ? s.Reshape(suffix, {0, 0, 1, -4}, angles)
                    : s.Reshape(suffix, {0, 1, -3, -4}, angles);
}

// The two halves of the rotated pairs of `x`, which has 4 dimensions.
struct Halves {
  TensorId first, second;
};

Halves Rotated(OpContext& c, Steps& s, TensorId x, int64_t dims, bool interleaved,
               bool heads_last) {
  Halves in;
  if (interleaved) {
    in = {s.Slice("even", 3, 0, dims, x, 2), s.Slice("odd", 3, 1, dims, x, 2)};
  } else {
    in = {s.Slice("first", 3, 0, dims / 2, x), s.Slice("second", 3, dims / 2, dims, x)};
  }
  const TensorId cos = Angles(c, s, 1, heads_last, "cos");
  const TensorId sin = Angles(c, s, 2, heads_last, "sin");
  return {s.Binary("real", BinaryKind::SUB, s.Product("cos_first", cos, in.first),
                   s.Product("sin_second", sin, in.second)),
          s.Sum("imaginary", s.Product("sin_first", sin, in.first),
                s.Product("cos_second", cos, in.second))};
}

absl::Status ImportRotaryEmbedding(OpContext& c) {
  Steps s(c);
  TensorId x = s.Input(0);
  if (!s.ok()) return s.status();
  const bool flat = c.value(0).rank() == 3;
  const int64_t heads = c.attributes.Int("num_heads", 0);
  const bool interleaved = c.attributes.Int("interleaved", 0) != 0;
  if (flat && heads < 1) return absl::InvalidArgumentError("lacks its number of heads");
  if (!flat && c.value(0).rank() != 4) return absl::InvalidArgumentError("needs 3 or 4 dimensions");
  if (flat) x = s.Reshape("heads", {0, 0, heads, -1}, x);
  if (!s.ok()) return s.status();
  int64_t dims = c.attributes.Int("rotary_embedding_dim", 0);
  if (!IsFixed(SizeAt(s.shape(x), 3))) return absl::UnimplementedError("needs a known head size");
  const int64_t size = s.shape(x)[0][3];
  if (dims == 0) dims = size;
  if (dims < 2 || dims % 2 != 0 || dims > size) {
    return absl::InvalidArgumentError(absl::StrCat("rotates ", dims, " of ", size, " numbers"));
  }
  const Halves halves = Rotated(c, s, x, dims, interleaved, flat);
  TensorId rotated;
  if (interleaved) {
    const TensorId pairs =
        s.Concat("pairs", 4,
                 {s.Reshape("real_column", {0, 0, 0, 0, 1}, halves.first),
                  s.Reshape("imaginary_column", {0, 0, 0, 0, 1}, halves.second)});
    rotated = s.Reshape("interleaved", {0, 0, 0, dims}, pairs);
  } else {
    rotated = s.Concat("rotated", 3, {halves.first, halves.second});
  }
  if (dims < size) {
    rotated = s.Concat("whole", 3, {rotated, s.Slice("rest", 3, dims, kToEnd, x)});
  }
  schema::ReshapeOptionsT shape;
  shape.shape = flat ? std::vector<int64_t>{0, 0, -1} : std::vector<int64_t>{0, 0, 0, 0};
  return s.Finish(std::move(shape), {rotated});
}

constexpr OpRow kRows[] = {
    {"Attention", ImportAttention, 23, "known numbers and sizes of heads"},
    {"RotaryEmbedding", ImportRotaryEmbedding, 23, "a known head size"},
};

}  // namespace

absl::Span<const OpRow> AttentionOps() { return kRows; }

}  // namespace octet::importer
