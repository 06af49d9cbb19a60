#include "tools/convert/precise.h"

#include <algorithm>

#include "runtime/core/operators.h"
#include "schema/model_generated.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::ReduceKind;
using schema::UnaryKind;

// Operators that pass on the precision of their results to what they read.
bool IsThin(OpType type) {
  switch (type) {
    case OpType::UnaryOptions:
    case OpType::BinaryOptions:
    case OpType::WhereOptions:
    case OpType::CastOptions:
    case OpType::ReshapeOptions:
    case OpType::TransposeOptions:
    case OpType::SliceOptions:
    case OpType::ConcatOptions:
    case OpType::SplitOptions:
    case OpType::ExpandOptions:
    case OpType::TileOptions:
      return true;
    default:
      return false;
  }
}

bool IsSensitive(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::EXP:
    case UnaryKind::LOG:
    case UnaryKind::SQRT:
    case UnaryKind::RECIPROCAL:
      return true;
    default:
      return false;
  }
}

bool Sums(const Node& node) {
  if (node.type() == OpType::CumulateOptions) return true;
  if (node.type() != OpType::ReduceOptions) return false;
  const ReduceKind kind = node.as<schema::ReduceOptionsT>().kind;
  return kind != ReduceKind::MAXIMUM && kind != ReduceKind::MINIMUM;
}

// Whether rounding the result to 16 bits may lose what matters.
bool GivesPrecise(const Node& node) {
  if (node.type() == OpType::UnaryOptions) {
    return IsSensitive(node.as<schema::UnaryOptionsT>().kind);
  }
  if (node.type() == OpType::BinaryOptions) {
    return node.as<schema::BinaryOptionsT>().kind == BinaryKind::POW;
  }
  return Sums(node);
}

// The same of an input.
bool TakesPrecise(const Node& node, size_t slot) {
  if (node.type() == OpType::UnaryOptions) {
    return IsSensitive(node.as<schema::UnaryOptionsT>().kind);
  }
  if (node.type() == OpType::BinaryOptions) {
    const BinaryKind kind = node.as<schema::BinaryOptionsT>().kind;
    return kind == BinaryKind::POW || (kind == BinaryKind::DIV && slot == 1);
  }
  return slot == 0 && Sums(node);
}

}  // namespace

bool IsPreciseInput(const Node& node, size_t slot) {
  if (IsValueInput(node.type(), slot)) return true;
  switch (node.type()) {
    case OpType::ConvOptions:
    case OpType::MatMulOptions:
    case OpType::ConvTransposeOptions:
      return slot == 2;
    case OpType::NormalizationOptions:
    case OpType::ResizeOptions:
    case OpType::PadOptions:
    case OpType::GridSampleOptions:
    case OpType::RoiAlignOptions:
      return slot > 0;
    case OpType::AttentionOptions:
      return slot == 3;
    case OpType::RecurrentOptions:
      return slot > 2;
    case OpType::RangeOptions:
    case OpType::OneHotOptions:
    case OpType::NonMaxSuppressionOptions:
      return true;
    default:
      return false;
  }
}

std::vector<bool> PreciseTensors(const Graph& graph) {
  const std::vector<std::vector<int>> consumers = Consumers(graph);
  const std::vector<int> producers = Producers(graph);
  std::vector<bool> precise(graph.tensors.size(), false);
  // Backwards, so that what reads a result is known before it.
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    for (TensorId id : graph.nodes[i].outputs) {
      const std::vector<int>& readers = consumers[static_cast<size_t>(id)];
      bool only_precise = !readers.empty(), some_sensitive = GivesPrecise(graph.nodes[i]);
      for (int r : readers) {
        const Node& reader = graph.nodes[static_cast<size_t>(r)];
        for (size_t slot = 0; slot < reader.inputs.size(); ++slot) {
          if (reader.inputs[slot] != id) continue;
          const bool result_is =
              IsThin(reader.type()) && precise[static_cast<size_t>(reader.outputs[0])];
          only_precise = only_precise && (IsPreciseInput(reader, slot) || result_is);
          some_sensitive = some_sensitive || TakesPrecise(reader, slot);
        }
      }
      // Data that an operator with sums of its own gives are rounded anyway.
      const bool own_sums = !IsThin(graph.nodes[i].type()) && !GivesPrecise(graph.nodes[i]);
      precise[static_cast<size_t>(id)] = only_precise || (some_sensitive && !own_sums);
    }
  }
  return precise;
}

}  // namespace octet
