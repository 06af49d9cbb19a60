#include "tools/convert/half.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "tools/convert/narrow_set.h"
#include "tools/convert/precise.h"
#include "tools/simplify/constants.h"

namespace octet {
namespace {

bool IsReal(const Tensor& t) { return IsFloat(t.type) && !t.quant; }

// At most one dimension has more than one element.
bool IsVector(const Shape& shape) {
  return std::count_if(shape.begin(), shape.end(), [](int64_t size) { return size != 1; }) <= 1;
}

bool IsProduct(OpType type) {
  return type == OpType::ConvOptions || type == OpType::MatMulOptions ||
         type == OpType::ConvTransposeOptions;
}

// A constant in both types.
struct Narrowed {
  Constant data;
  ConstantLoss loss;
};

// The error that rounding every number at its own magnitude causes at most, as a share of the
// energy.
constexpr double kRoundingToF16 = 0x1p-22, kRoundingToBF16 = 0x1p-16;

// It is kept f32 where the error is more than `bound` of the energy.
Narrowed NarrowConstant(const Tensor& t, DataType type, double bound) {
  const std::vector<double> values = ToDoubles(t.type, t.data);
  Narrowed result{FromDoubles(type, values), {}};
  const std::vector<double> stored = ToDoubles(type, result.data);
  ConstantLoss& loss = result.loss;
  loss.name = t.name;
  loss.elements = static_cast<int64_t>(values.size());
  double energy = 0, error = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double v = values[i], s = stored[i];
    if (!std::isfinite(v)) continue;
    loss.largest = std::max(loss.largest, std::abs(v));
    if (!std::isfinite(s)) {
      ++loss.overflowing;
      continue;
    }
    if (v != 0 && s == 0) ++loss.vanishing;
    energy += v * v;
    error += (v - s) * (v - s);
  }
  loss.kept = loss.overflowing > 0 || error > bound * energy;
  return result;
}

class Converter {
 public:
  Converter(const Graph& graph, const HalfOptions& options)
      : source_(graph), options_(options), result_(graph), precise_(PreciseTensors(graph)) {
    if (options.only) set_ = FindNarrowSet(graph, *options.only, precise_);
  }

  absl::StatusOr<Graph> Convert(HalfReport* report) {
    MarkComputed();
    NarrowConstants();
    result_.nodes.clear();
    for (size_t i = 0; i < source_.nodes.size(); ++i) {
      if (set_ && !set_->nodes[i]) {
        result_.nodes.push_back(source_.nodes[i]);
      } else {
        ConvertNode(source_.nodes[i]);
      }
    }
    RemoveDead(result_);
    for (const auto& [id, narrowed] : constants_) {
      const ConstantLoss& loss = narrowed.loss;
      if (loss.kept || loss.vanishing > 0) report_.losses.push_back(loss);
    }
    if (report != nullptr) *report = std::move(report_);
    return std::move(result_);
  }

 private:
  bool IsHalf(TensorId id) const { return result_.tensor(id).type == options_.type; }

  bool IsBoundary(TensorId id) const {
    return std::find(source_.inputs.begin(), source_.inputs.end(), id) != source_.inputs.end() ||
           IsOutput(source_, id);
  }

  void MarkComputed() {
    for (size_t i = 0; i < source_.tensors.size(); ++i) {
      const auto id = static_cast<TensorId>(i);
      Tensor& t = result_.tensor(id);
      if (!IsReal(t) || t.is_constant() || t.type == DataType::kF64) continue;
      if (set_ && !set_->tensors[i]) continue;
      const bool boundary = IsBoundary(id);
      const bool half = boundary ? options_.inputs_and_outputs : !precise_[i];
      if (half) {
        t.type = options_.type;
      } else if (!boundary) {
        t.type = DataType::kF32;
      }
      report_.narrowed_tensors += half;
    }
  }

  // Matrices and tables; what a precise input reads stays.
  void NarrowConstants() {
    std::vector<bool> wanted(source_.tensors.size(), false), precise = wanted, weights = wanted,
                                                             biases = wanted, kept = wanted;
    for (size_t n = 0; n < source_.nodes.size(); ++n) {
      const Node& node = source_.nodes[n];
      for (size_t slot = 0; slot < node.inputs.size(); ++slot) {
        const TensorId id = node.inputs[slot];
        if (id == kNoTensor) continue;
        const auto i = static_cast<size_t>(id);
        if (set_ && !set_->nodes[n]) kept[i] = true;
        (IsPreciseInput(node, slot) ? precise : wanted)[i] = true;
        if (IsProduct(node.type()) && slot == 1) weights[i] = true;
        if (IsProduct(node.type()) && slot == 2) biases[i] = true;
      }
    }
    for (size_t i = 0; i < source_.tensors.size(); ++i) {
      const Tensor& t = source_.tensors[i];
      if (kept[i]) continue;
      if (t.is_constant() && IsReal(t) && biases[i] && !wanted[i]) {
        NarrowBias(result_.tensor(static_cast<TensorId>(i)));
        continue;
      }
      const bool small = !weights[i] && IsVector(t.shape);
      if (!t.is_constant() || !IsReal(t) || !wanted[i] || precise[i] || small) {
        WidenVector(static_cast<TensorId>(i));
        continue;
      }
      Narrowed narrowed = NarrowConstant(t, options_.type, kRoundingToBF16);
      Tensor& target = result_.tensor(static_cast<TensorId>(i));
      if (narrowed.loss.kept) {
        WidenVector(static_cast<TensorId>(i));
      } else {
        target.type = options_.type;
        target.data = std::move(narrowed.data);
        ++report_.narrowed_constants;
      }
      narrowed.data = Constant();
      constants_.emplace(static_cast<TensorId>(i), std::move(narrowed));
    }
  }

  // Biases meet sums in f32. They are stored as f16, which rounds them less than bf16 does.
  static void NarrowBias(Tensor& t) {
    Narrowed narrowed = NarrowConstant(t, DataType::kF16, kRoundingToF16);
    if (narrowed.loss.kept) return;
    t.type = DataType::kF16;
    t.data = std::move(narrowed.data);
  }

  // Constants of the other type of 16 bits become f32.
  void WidenVector(TensorId id) {
    Tensor& t = result_.tensor(id);
    if (!t.is_constant() || !IsReal(t) || t.type == DataType::kF32 || t.type == options_.type) {
      return;
    }
    t.data = FromDoubles(DataType::kF32, ToDoubles(t.type, t.data));
    t.type = DataType::kF32;
  }

  void ConvertNode(const Node& node) {
    Node copy = node;
    if (IsProduct(node.type()) || node.type() == OpType::AttentionOptions) {
      ConvertProduct(copy);
    } else if (node.type() != OpType::CastOptions && IsHalf(node.outputs[0])) {
      // Pictures and other inputs are rounded once, before the first operator.
      for (size_t slot = 0; slot < copy.inputs.size(); ++slot) {
        TensorId& id = copy.inputs[slot];
        if (IsF32Input(id) && !IsPreciseInput(node, slot)) id = AsHalf(id);
      }
    }
    const TensorId shown = copy.type() == OpType::AttentionOptions ? copy.outputs[0] : kNoTensor;
    if (shown == kNoTensor || IsHalf(shown) || !IsHalf(copy.inputs[0])) {
      result_.nodes.push_back(std::move(copy));
      return;
    }
    // All operands of attention have one type.
    Tensor t = result_.tensor(shown);
    t.name += "/" + std::string(Name(options_.type));
    t.type = options_.type;
    copy.outputs[0] = result_.AddTensor(std::move(t));
    const TensorId from = copy.outputs[0];
    result_.nodes.push_back(std::move(copy));
    AddCast(from, shown);
  }

  bool IsF32Input(TensorId id) const {
    return id != kNoTensor && result_.tensor(id).type == DataType::kF32 &&
           !result_.tensor(id).is_constant() &&
           std::find(source_.inputs.begin(), source_.inputs.end(), id) != source_.inputs.end();
  }

  // Both factors get the new type unless one is a constant that does not; attention's three.
  void ConvertProduct(Node& node) {
    const size_t factors = IsProduct(node.type()) ? 2 : 3;
    for (size_t i = 0; i < factors; ++i) {
      const Tensor& t = result_.tensor(node.inputs[i]);
      if (IsReal(t) && (!t.is_constant() || t.type == options_.type)) continue;
      if (IsReal(t)) report_.f32_operators.push_back(node.name);
      return;
    }
    for (size_t i = 0; i < factors; ++i) node.inputs[i] = AsHalf(node.inputs[i]);
    const TensorId residual = IsProduct(node.type()) ? node.input(3) : kNoTensor;
    if (residual != kNoTensor && IsHalf(node.outputs[0])) node.inputs[3] = AsHalf(residual);
  }

  // The tensor that holds `id` in the new type.
  TensorId AsHalf(TensorId id) {
    const Tensor& t = result_.tensor(id);
    if (t.type == options_.type || t.is_constant()) return id;
    const auto known = halves_.find(id);
    if (known != halves_.end()) return known->second;
    Tensor copy = t;
    copy.name += "/" + std::string(Name(options_.type));
    copy.type = options_.type;
    const TensorId half = result_.AddTensor(std::move(copy));
    const auto producer = std::find_if(
        result_.nodes.rbegin(), result_.nodes.rend(),
        [&](const Node& n) { return n.type() == OpType::DequantizeOptions && n.outputs[0] == id; });
    if (producer == result_.nodes.rend()) {
      AddCast(id, half);
    } else {
      result_.AddNode(result_.tensor(half).name, schema::DequantizeOptionsT(),
                      {producer->inputs[0]}, {half});
    }
    return halves_[id] = half;
  }

  void AddCast(TensorId from, TensorId to) {
    result_.AddNode(absl::StrCat(result_.tensor(to).name, "/cast"), schema::CastOptionsT(), {from},
                    {to});
    ++report_.casts;
  }

  const Graph& source_;
  const HalfOptions options_;
  Graph result_;
  const std::vector<bool> precise_;
  absl::optional<NarrowSet> set_;           // nothing: all
  std::map<TensorId, Narrowed> constants_;  // those that could be narrowed; their losses
  std::map<TensorId, TensorId> halves_;     // of tensors that stay f32
  HalfReport report_;
};

}  // namespace

absl::StatusOr<Graph> ConvertToHalf(const Graph& graph, const HalfOptions& options,
                                    HalfReport* report) {
  if (options.type != DataType::kBF16 && options.type != DataType::kF16) {
    return absl::InvalidArgumentError(
        absl::StrCat("a network can be converted to f16 and bf16, not to ", Name(options.type)));
  }
  if (!graph.subgraphs.empty()) {
    return absl::UnimplementedError(
        "a network with If or Loop cannot be converted: its branches run in f32");
  }
  return Converter(graph, options).Convert(report);
}

}  // namespace octet
