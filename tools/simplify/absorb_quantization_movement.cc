#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/core/numerics.h"
#include "runtime/core/validate_rules.h"
#include "tools/simplify/absorb_quantization.h"
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

bool IsExact(float value, const Tensor& q) {
  const int32_t integer =
      QuantizeValue(value, q.quant->scale(), q.quant->zero_point(), RangeOf(q.type));
  return DequantizeValue(integer, q.quant->scale(), q.quant->zero_point()) == value;
}

// Whether clamping numbers of q's grid leaves numbers of the grid.
bool ClampsToGrid(const schema::UnaryOptionsT& clip, const Tensor& q) {
  const IntRange range = RangeOf(q.type);
  const float least = DequantizeValue(range.min, q.quant->scale(), q.quant->zero_point());
  const float most = DequantizeValue(range.max, q.quant->scale(), q.quant->zero_point());
  return (clip.alpha <= least || IsExact(clip.alpha, q)) &&
         (clip.beta >= most || IsExact(clip.beta, q));
}

// Whether results that do not come from the inputs lie on the grid of q.
bool StaysOnGrid(const Node& node, const Tensor& q) {
  if (IsClip(node)) return ClampsToGrid(node.as<schema::UnaryOptionsT>(), q);
  if (node.type() != OpType::PadOptions) return true;
  const auto& pad = node.as<schema::PadOptionsT>();
  return pad.mode != schema::PadMode::CONSTANT || IsExact(pad.value, q);
}

bool IsReal(const Graph& graph, TensorId id) {
  return graph.tensor(id).type == DataType::kF32 && !graph.tensor(id).quant;
}

// Whether the operator may read and yield `q` wherever it has real numbers.
bool MayMove(const Graph& graph, const Node& node, TensorId q) {
  if (node.type() == OpType::PadOptions && node.input(2) != kNoTensor) return false;
  Node candidate = node;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (IsRealInput(graph, node, i)) candidate.inputs[i] = q;
  }
  for (TensorId& id : candidate.outputs) {
    if (IsReal(graph, id)) id = q;
  }
  return validate::CheckTypes(graph, candidate).ok();
}

// The integers that all real inputs are dequantized from, as one of them; kNoTensor where they have
// several scales, or where there are other inputs.
TensorId CommonSource(const Graph& graph, const Uses& uses, const Node& node) {
  TensorId source = kNoTensor;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!IsRealInput(graph, node, i)) continue;
    const TensorId q = ByteFrom(graph, uses, node.inputs[i]);
    if (q == kNoTensor) return kNoTensor;
    if (source != kNoTensor && !SameScale(graph.tensor(source), graph.tensor(q))) return kNoTensor;
    source = q;
  }
  return source;
}

// Moves a Dequantize from before node `index` to behind it.
bool Sink(Graph& graph, size_t index) {
  const Node& node = graph.nodes[index];
  if (!Moves(node) && !IsClip(node)) return false;
  const Uses uses(graph);
  const TensorId source = CommonSource(graph, uses, node);
  if (source == kNoTensor || !StaysOnGrid(node, graph.tensor(source))) return false;
  if (!MayMove(graph, node, source)) return false;
  // A Clip that is quantized anew takes one table.
  if (IsClip(node) && OnlyQuantize(graph, uses, node.outputs[0]) >= 0) return false;
  Node moved = node;
  std::vector<Node> conversions;
  for (size_t i = 0; i < moved.inputs.size(); ++i) {
    if (IsRealInput(graph, node, i)) moved.inputs[i] = ByteFrom(graph, uses, moved.inputs[i]);
  }
  for (TensorId& id : moved.outputs) {
    if (!IsReal(graph, id)) continue;
    const TensorId q = AddQuantizedLike(graph, id, source, "_quantized");
    const std::string name = graph.tensor(q).name;
    conversions.push_back(Graph::MakeNode(name, schema::DequantizeOptionsT(), {q}, {id}));
    id = q;
  }
  graph.nodes[index] = std::move(moved);
  graph.nodes.insert(graph.nodes.begin() + static_cast<long>(index) + 1,
                     std::make_move_iterator(conversions.begin()),
                     std::make_move_iterator(conversions.end()));
  return true;
}

// The Quantize nodes that are the only readers of all real outputs and have one scale; empty where
// there are none such.
std::vector<int> CommonQuantize(const Graph& graph, const Uses& uses, const Node& node) {
  std::vector<int> result;
  const Tensor* scale = nullptr;
  for (const TensorId id : node.outputs) {
    if (!IsReal(graph, id)) continue;
    const int reader = OnlyQuantize(graph, uses, id);
    if (reader < 0) return {};
    const Tensor& q = graph.tensor(graph.nodes[static_cast<size_t>(reader)].outputs[0]);
    if (!IsQuantizedByte(q) || (scale != nullptr && !SameScale(*scale, q))) return {};
    scale = &q;
    result.push_back(reader);
  }
  return result;
}

// Moves the Quantize behind node `index` to before it.
bool Hoist(Graph& graph, size_t index) {
  if (!Moves(graph.nodes[index])) return false;
  const Uses uses(graph);
  const std::vector<int> readers = CommonQuantize(graph, uses, graph.nodes[index]);
  if (readers.empty()) return false;
  const TensorId scale = graph.nodes[static_cast<size_t>(readers[0])].outputs[0];
  if (!MayMove(graph, graph.nodes[index], scale)) return false;
  Node moved = graph.nodes[index];
  std::vector<Node> conversions;
  for (size_t i = 0; i < moved.inputs.size(); ++i) {
    if (!IsRealInput(graph, graph.nodes[index], i)) continue;
    TensorId& id = moved.inputs[i];
    const TensorId source = ByteFrom(graph, uses, id);
    // A Concat gives all its parts the scale of the result.
    const bool fits = source != kNoTensor && (moved.type() == OpType::ConcatOptions ||
                                              SameScale(graph.tensor(source), graph.tensor(scale)));
    const TensorId q = fits ? source : AddQuantizedLike(graph, id, scale, "_quantized");
    const std::string name = graph.tensor(q).name;
    if (!fits) conversions.push_back(Graph::MakeNode(name, schema::QuantizeOptionsT(), {id}, {q}));
    id = q;
  }
  for (const int reader : readers) {
    const Node& quantize = graph.nodes[static_cast<size_t>(reader)];
    std::replace(moved.outputs.begin(), moved.outputs.end(), quantize.inputs[0],
                 quantize.outputs[0]);
  }
  graph.nodes[index] = std::move(moved);
  std::vector<int> gone = readers;
  std::sort(gone.rbegin(), gone.rend());
  for (const int reader : gone) graph.nodes.erase(graph.nodes.begin() + reader);
  graph.nodes.insert(graph.nodes.begin() + static_cast<long>(index),
                     std::make_move_iterator(conversions.begin()),
                     std::make_move_iterator(conversions.end()));
  return true;
}

}  // namespace

bool MoveIntegers(Graph& graph) {
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (Sink(graph, i) || Hoist(graph, i)) changed = true;
  }
  return changed;
}

}  // namespace octet
