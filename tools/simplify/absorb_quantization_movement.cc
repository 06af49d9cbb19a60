#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/core/numerics.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate_rules.h"
#include "tools/simplify/absorb_quantization.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/edit.h"
#include "tools/simplify/quantized.h"

namespace octet {
namespace {

using schema::UnaryKind;

bool IsClip(const Node& node) {
  return node.type() == OpType::UnaryOptions &&
         node.as<schema::UnaryOptionsT>().kind == UnaryKind::CLIP;
}

// Whether the operator's results are elements of its inputs, chosen by place or by order: then it
// commutes with every map that keeps the order of numbers. (A Pad adds numbers of its own.)
bool Moves(const Node& node) {
  const auto keeps = [](schema::ScatterReduction reduction) {
    return reduction != schema::ScatterReduction::ADD && reduction != schema::ScatterReduction::MUL;
  };
  switch (node.type()) {
    case OpType::ReshapeOptions:
    case OpType::TransposeOptions:
    case OpType::ConcatOptions:
    case OpType::SplitOptions:
    case OpType::SliceOptions:
    case OpType::PadOptions:
    case OpType::ExpandOptions:
    case OpType::TileOptions:
    case OpType::DepthToSpaceOptions:
    case OpType::SpaceToDepthOptions:
    case OpType::GatherOptions:
    case OpType::GatherElementsOptions:
    case OpType::GatherNDOptions:
    case OpType::WhereOptions:
    case OpType::TopKOptions:
    case OpType::CompressOptions:
      return true;
    case OpType::ScatterElementsOptions:
      return keeps(node.as<schema::ScatterElementsOptionsT>().reduction);
    case OpType::ScatterNDOptions:
      return keeps(node.as<schema::ScatterNDOptionsT>().reduction);
    case OpType::PoolOptions:
      return node.as<schema::PoolOptionsT>().kind == schema::PoolKind::MAXIMUM;
    case OpType::GlobalPoolOptions:
      return node.as<schema::GlobalPoolOptionsT>().kind == schema::PoolKind::MAXIMUM;
    case OpType::ReduceOptions: {
      const auto kind = node.as<schema::ReduceOptionsT>().kind;
      return kind == schema::ReduceKind::MAXIMUM || kind == schema::ReduceKind::MINIMUM;
    }
    case OpType::ResizeOptions: {
      const auto& resize = node.as<schema::ResizeOptionsT>();
      return resize.mode == schema::ResizeMode::NEAREST &&
             resize.coordinates != schema::ResizeCoordinates::TF_CROP_AND_RESIZE;
    }
    case OpType::UnaryOptions:
      return node.as<schema::UnaryOptionsT>().kind == UnaryKind::IDENTITY;
    default:
      return false;
  }
}

// Index of the inputs that hold what the result consists of: those of its type and scale.
std::vector<size_t> DataInputs(const Graph& graph, const Node& node) {
  const Tensor& y = graph.tensor(node.outputs[0]);
  std::vector<size_t> result;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorId id = node.inputs[i];
    if (id == kNoTensor || IsValueInput(node.type(), i)) continue;
    const bool real = IsFloat(y.type) && IsFloat(graph.tensor(id).type) && !graph.tensor(id).quant;
    if (real || SameScale(graph.tensor(id), y)) result.push_back(i);
  }
  return result;
}

// Whether output `id` of a node is of its data, which others, such as indices, are not.
bool IsData(const Graph& graph, const Node& node, TensorId id) {
  return SameScale(graph.tensor(id), graph.tensor(node.outputs[0]));
}

// The integer of q that stands for `value` of a tensor like `y`; for real numbers the nearest one.
int32_t IntegerOf(float value, const Tensor& y, const Tensor& q) {
  if (y.type != DataType::kF32 && !y.quant) return RoundAndClamp(value, 0, RangeOf(q.type));
  const QuantParams& quant = y.quant ? *y.quant : *q.quant;
  return QuantizeValue(value, quant.scale(), quant.zero_point(), RangeOf(q.type));
}

// Lets a number that the operator puts into a tensor like `y` mean the same in one like `q`. False
// where it is a real number between the integers of q.
bool Translate(float& value, const Tensor& y, const Tensor& q) {
  const float exact =
      DequantizeValue(IntegerOf(value, y, q), q.quant->scale(), q.quant->zero_point());
  if (y.type == DataType::kF32 && exact != value) return false;
  value = exact;
  return true;
}

// The same for the bounds of a Clip, which may lie outside of the numbers of q.
bool TranslateClip(schema::UnaryOptionsT& clip, const Tensor& y, const Tensor& q) {
  const IntRange range = RangeOf(q.type);
  const auto real = [&](int32_t integer) {
    return DequantizeValue(integer, q.quant->scale(), q.quant->zero_point());
  };
  const bool is_real = y.type == DataType::kF32;
  const bool low = std::isinf(clip.alpha) || (is_real && clip.alpha <= real(range.min)) ||
                   Translate(clip.alpha, y, q);
  const bool high = std::isinf(clip.beta) || (is_real && clip.beta >= real(range.max)) ||
                    Translate(clip.beta, y, q);
  return low && high;
}

// Lets numbers in the operator's options mean in `q` what they mean in its output.
bool TranslateOptions(const Graph& graph, Node& node, const Tensor& q) {
  const Tensor& y = graph.tensor(node.outputs[0]);
  if (IsClip(node)) return TranslateClip(node.as<schema::UnaryOptionsT>(), y, q);
  if (node.type() != OpType::PadOptions) return true;
  auto& pad = node.as<schema::PadOptionsT>();
  return pad.mode != schema::PadMode::CONSTANT || Translate(pad.value, y, q);
}

// Whether the operator may read and yield `q` in the place of its data.
bool MayMove(const Graph& graph, const Node& node, TensorId q) {
  if (node.type() == OpType::PadOptions && node.input(2) != kNoTensor) return false;
  Node candidate = node;
  for (const size_t i : DataInputs(graph, node)) candidate.inputs[i] = q;
  for (TensorId& id : candidate.outputs) {
    if (IsData(graph, node, id)) id = q;
  }
  return validate::CheckTypes(graph, candidate).ok();
}

// The integers that all data are converted from, as one of them; kNoTensor where they have several
// scales, or where some are not converted.
TensorId CommonSource(const Graph& graph, const Uses& uses, const Node& node) {
  TensorId source = kNoTensor;
  for (const size_t i : DataInputs(graph, node)) {
    const TensorId q = ConvertedFrom(graph, uses, node.inputs[i]);
    if (q == kNoTensor) return kNoTensor;
    if (source != kNoTensor && !SameScale(graph.tensor(source), graph.tensor(q))) return kNoTensor;
    source = q;
  }
  return source;
}

Node Conversion(const Graph& graph, TensorId from, TensorId to) {
  const std::string name = graph.tensor(graph.tensor(to).quant ? to : from).name;
  if (IsFloat(graph.tensor(from).type)) {
    return Graph::MakeNode(name, schema::QuantizeOptionsT(), {from}, {to});
  }
  if (graph.tensor(to).type == DataType::kF32) {
    return Graph::MakeNode(name, schema::DequantizeOptionsT(), {from}, {to});
  }
  return Graph::MakeNode(name, schema::CastOptionsT(), {from}, {to});
}

void Insert(Graph& graph, size_t index, std::vector<Node>& nodes) {
  graph.nodes.insert(graph.nodes.begin() + static_cast<long>(index),
                     std::make_move_iterator(nodes.begin()), std::make_move_iterator(nodes.end()));
}

// Moves a conversion of integers from before node `index` to behind it.
bool Sink(Graph& graph, const Uses& uses, size_t index) {
  const Node& node = graph.nodes[index];
  if (!Moves(node) && !IsClip(node)) return false;
  const TensorId source = CommonSource(graph, uses, node);
  if (source == kNoTensor || !MayMove(graph, node, source)) return false;
  // A Clip that is quantized anew takes one table.
  if (IsClip(node) && OnlyQuantize(graph, uses, node.outputs[0]) >= 0) return false;
  Node moved = node;
  if (!TranslateOptions(graph, moved, graph.tensor(source))) return false;
  std::vector<Node> conversions;
  for (const size_t i : DataInputs(graph, node)) {
    moved.inputs[i] = ConvertedFrom(graph, uses, node.inputs[i]);
  }
  for (size_t k = 0; k < moved.outputs.size(); ++k) {
    const TensorId id = graph.nodes[index].outputs[k];
    if (!IsData(graph, graph.nodes[index], id)) continue;
    moved.outputs[k] = AddQuantizedLike(graph, id, source, "_quantized");
    conversions.push_back(Conversion(graph, moved.outputs[k], id));
  }
  graph.nodes[index] = std::move(moved);
  Insert(graph, index + 1, conversions);
  return true;
}

// Index of the conversion to integers that is the one reader of `id`; -1 without one.
int OnlyConversion(const Graph& graph, const Uses& uses, TensorId id) {
  const int reader = uses.OnlyReader(id);
  if (reader < 0) return -1;
  const Node& node = graph.nodes[static_cast<size_t>(reader)];
  const bool converts = node.type() == OpType::QuantizeOptions || IsView(graph, node);
  return converts && IsQuantizedByte(graph.tensor(node.outputs[0])) ? reader : -1;
}

// The conversions that are the only readers of all data and have one scale; empty where there are
// none such.
std::vector<int> CommonConversions(const Graph& graph, const Uses& uses, const Node& node) {
  std::vector<int> result;
  const Tensor* scale = nullptr;
  for (const TensorId id : node.outputs) {
    if (!IsData(graph, node, id)) continue;
    const int reader = OnlyConversion(graph, uses, id);
    if (reader < 0) return {};
    const Tensor& q = graph.tensor(graph.nodes[static_cast<size_t>(reader)].outputs[0]);
    if (scale != nullptr && !SameScale(*scale, q)) return {};
    scale = &q;
    result.push_back(reader);
  }
  return result;
}

// The integers of `scale` that node `moved` reads in the place of its input `id`. A new conversion
// goes to `conversions`.
TensorId ReadAs(Graph& graph, const Uses& uses, const Node& moved, TensorId id, TensorId scale,
                std::vector<Node>& conversions) {
  const TensorId source = ByteFrom(graph, uses, id);
  // A Concat gives all its parts the scale of the result.
  if (source != kNoTensor && (moved.type() == OpType::ConcatOptions ||
                              SameScale(graph.tensor(source), graph.tensor(scale)))) {
    return source;
  }
  const TensorId q = AddQuantizedLike(graph, id, scale, "_quantized");
  conversions.push_back(Conversion(graph, id, q));
  return q;
}

// Moves the conversion to integers behind node `index` to before it.
bool Hoist(Graph& graph, const Uses& uses, size_t index) {
  const Node& node = graph.nodes[index];
  if (!Moves(node) || graph.tensor(node.outputs[0]).quant) return false;
  const std::vector<int> readers = CommonConversions(graph, uses, graph.nodes[index]);
  if (readers.empty()) return false;
  const TensorId scale = graph.nodes[static_cast<size_t>(readers[0])].outputs[0];
  if (!MayMove(graph, graph.nodes[index], scale)) return false;
  Node moved = graph.nodes[index];
  const bool real = graph.tensor(moved.outputs[0]).type == DataType::kF32;
  if (!real && !TranslateOptions(graph, moved, graph.tensor(scale))) return false;
  std::vector<Node> conversions;
  for (const size_t i : DataInputs(graph, graph.nodes[index])) {
    moved.inputs[i] = ReadAs(graph, uses, moved, moved.inputs[i], scale, conversions);
  }
  for (const int reader : readers) {
    const Node& conversion = graph.nodes[static_cast<size_t>(reader)];
    std::replace(moved.outputs.begin(), moved.outputs.end(), conversion.inputs[0],
                 conversion.outputs[0]);
  }
  graph.nodes[index] = std::move(moved);
  std::vector<int> gone = readers;
  std::sort(gone.rbegin(), gone.rend());
  for (const int reader : gone) EraseNode(graph, reader);
  Insert(graph, index, conversions);
  return true;
}

}  // namespace

bool MoveIntegers(Graph& graph) {
  CurrentUses uses(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    uses.Note(Sink(graph, uses.get(), i) || Hoist(graph, uses.get(), i));
  }
  return uses.any();
}

}  // namespace octet
