#include <limits>

#include "tools/simplify/edit.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/quantized.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

// Zeros before and after the spatial dimensions only.
bool IsSpatialZeroPad(const schema::PadOptionsT& pad) {
  if (pad.mode != schema::PadMode::CONSTANT || pad.value != 0.0f || pad.pads_begin.size() < 3) {
    return false;
  }
  for (size_t i = 0; i < pad.pads_begin.size(); ++i) {
    if (i < 2 && (pad.pads_begin[i] != 0 || pad.pads_end[i] != 0)) return false;
    if (pad.pads_begin[i] > (1 << 20) || pad.pads_end[i] > (1 << 20)) return false;
  }
  return true;
}

void AddPads(const std::vector<int64_t>& pad, std::vector<int>& pads) {
  for (size_t i = 0; i < pads.size(); ++i) pads[i] += static_cast<int>(pad[i + 2]);
}

// Whether the tensor holds no negative number, so that zeros never exceed the others in a maximum.
bool IsNonNegative(const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  if (node == nullptr) return false;
  switch (node->type()) {
    case OpType::ConvOptions:
      return node->as<schema::ConvOptionsT>().activation_min >= 0;
    case OpType::MatMulOptions:
      return node->as<schema::MatMulOptionsT>().activation_min >= 0;
    case OpType::BinaryOptions:
      return node->as<schema::BinaryOptionsT>().activation_min >= 0;
    case OpType::UnaryOptions: {
      const auto& unary = node->as<schema::UnaryOptionsT>();
      return unary.kind == schema::UnaryKind::SIGMOID || unary.kind == schema::UnaryKind::ABS ||
             (unary.kind == schema::UnaryKind::CLIP && unary.alpha >= 0 && unary.beta >= 0);
    }
    default:
      return false;
  }
}

// Pool windows may not lie in the padding as a whole.
bool PadsFit(const schema::PoolOptionsT& pool, const schema::PadOptionsT& pad) {
  for (size_t i = 0; i < pool.kernel.size(); ++i) {
    const int64_t extent = int64_t{pool.dilations[i]} * (pool.kernel[i] - 1) + 1;
    if (pool.pads_begin[i] + pad.pads_begin[i + 2] >= extent ||
        pool.pads_end[i] + pad.pads_end[i + 2] >= extent) {
      return false;
    }
  }
  return true;
}

bool IntoPool(const Uses& uses, TensorId source, const schema::PadOptionsT& pad,
              schema::PoolOptionsT& pool) {
  if (!PadsFit(pool, pad)) return false;
  bool has_pads = false;
  for (size_t i = 0; i < pool.kernel.size(); ++i) {
    has_pads = has_pads || pool.pads_begin[i] > 0 || pool.pads_end[i] > 0;
  }
  if (pool.kind == schema::PoolKind::MAXIMUM) {
    if (!IsNonNegative(uses, source)) return false;
  } else if (has_pads && !pool.count_include_pad) {
    return false;
  } else {
    pool.count_include_pad = true;
  }
  AddPads(pad.pads_begin, pool.pads_begin);
  AddPads(pad.pads_end, pool.pads_end);
  return true;
}

bool Try(Graph& graph, const Uses& uses, Node& node) {
  const Node* before = uses.Producer(node.inputs[0]);
  if (before == nullptr || before->type() != OpType::PadOptions) return false;
  if (!SameScale(graph.tensor(before->inputs[0]), graph.tensor(node.inputs[0]))) return false;
  const auto& pad = before->as<schema::PadOptionsT>();
  if (!IsSpatialZeroPad(pad)) return false;
  const TensorId source = before->inputs[0];
  if (node.type() == OpType::PoolOptions) {
    if (!IntoPool(uses, source, pad, node.as<schema::PoolOptionsT>())) return false;
  } else {
    auto& conv = node.as<schema::ConvOptionsT>();
    AddPads(pad.pads_begin, conv.pads_begin);
    AddPads(pad.pads_end, conv.pads_end);
  }
  node.inputs[0] = source;
  return true;
}

}  // namespace

bool FoldPad(Graph& graph) {
  CurrentUses uses(graph);
  for (Node& node : graph.nodes) {
    if (node.type() != OpType::ConvOptions && node.type() != OpType::PoolOptions) continue;
    uses.Note(Try(graph, uses.get(), node));
  }
  return uses.any();
}

}  // namespace octet
