#include "runtime/lower/halves.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/core/half.h"
#include "runtime/lower/arithmetic.h"

namespace octet {
namespace {

bool IsHalf(DataType type) { return type == DataType::kF16 || type == DataType::kBF16; }

Constant Widen(const Constant& narrow, DataType type) {
  const absl::Span<const uint16_t> values = narrow.as<uint16_t>();
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  auto* out = reinterpret_cast<float*>(bytes.data());
  const auto widen = type == DataType::kF16 ? HalfToFloat : BFloat16ToFloat;
  for (size_t i = 0; i < values.size(); ++i) out[i] = widen(values[i]);
  return Constant::Own(std::move(bytes));
}

// Makes the tensor f32.
void WidenTensor(Tensor& tensor) {
  if (tensor.is_constant()) tensor.data = Widen(tensor.data, tensor.type);
  tensor.type = DataType::kF32;
}

// Whether input `slot` holds weights that kernels multiply with as they are stored.
bool AreWeights(const Graph& graph, const Node& node, size_t slot) {
  switch (node.type()) {
    case OpType::ConvOptions:
    case OpType::MatMulOptions:
    case OpType::ConvTransposeOptions:
      return slot == 1 && graph.tensor(node.inputs[0]).type == graph.tensor(node.inputs[1]).type;
    default:
      return false;
  }
}

void WidenAll(Graph& graph) {
  for (Tensor& tensor : graph.tensors) {
    if (IsHalf(tensor.type)) WidenTensor(tensor);
  }
  for (Graph& subgraph : graph.subgraphs) WidenAll(subgraph);
}

class Pass {
 public:
  Pass(Graph& graph, const NativeHalves& native) : graph_(graph), native_(native) {}

  void Run() {
    ConvertBoundary();
    for (size_t i = 0; i < graph_.tensors.size(); ++i) {
      Tensor& tensor = graph_.tensors[i];
      if (IsWide(tensor) && kept_.count(static_cast<TensorId>(i)) == 0) WidenTensor(tensor);
    }
    SortConstants();
    WidenResiduals();
    RemoveIdentities();
  }

 private:
  // Whether the tensor becomes f32.
  bool IsWide(const Tensor& tensor) const {
    return IsHalf(tensor.type) && !native_.Has(tensor.type);
  }

  // Inputs and outputs of the graph keep their types, next to copies in f32.
  void ConvertBoundary() {
    std::vector<Node> before, after;
    const std::vector<int> producers = Producers(graph_);
    for (TensorId id : graph_.inputs) {
      if (!IsWide(graph_.tensor(id))) continue;
      const TensorId wide = Copy(id);
      for (Node& node : graph_.nodes)
        std::replace(node.inputs.begin(), node.inputs.end(), id, wide);
      before.push_back(Cast(id, wide));
    }
    for (TensorId id : graph_.outputs) {
      const int producer = producers[static_cast<size_t>(id)];
      if (producer < 0 || !IsWide(graph_.tensor(id)) || kept_.count(id) > 0) continue;
      const TensorId wide = Copy(id);
      for (Node& node : graph_.nodes) {
        std::replace(node.inputs.begin(), node.inputs.end(), id, wide);
        std::replace(node.outputs.begin(), node.outputs.end(), id, wide);
      }
      after.push_back(Cast(wide, id));
    }
    std::vector<Node> nodes = std::move(before);
    for (std::vector<Node>* part : {&graph_.nodes, &after}) {
      for (Node& node : *part) nodes.push_back(std::move(node));
    }
    graph_.nodes = std::move(nodes);
  }

  // A tensor beside `id`, which keeps its type.
  TensorId Copy(TensorId id) {
    Tensor copy = graph_.tensor(id);
    copy.name += "/f32";
    kept_.insert(id);
    return graph_.AddTensor(std::move(copy));
  }

  Node Cast(TensorId from, TensorId to) const {
    return Graph::MakeNode(absl::StrCat(graph_.tensor(to).name, "/cast"), schema::CastOptionsT(),
                           {from}, {to});
  }

  // Constants of native types: in place where they are read as they are, and widened elsewhere.
  void SortConstants() {
    std::map<TensorId, TensorId> wide;
    for (Node& node : graph_.nodes) {
      for (size_t slot = 0; slot < node.inputs.size(); ++slot) {
        const TensorId id = node.inputs[slot];
        if (id == kNoTensor || !graph_.tensor(id).is_constant()) continue;
        const DataType type = graph_.tensor(id).type;
        const bool moved = (MovesElements(node) || node.type() == OpType::CastOptions) &&
                           graph_.tensor(node.outputs[0]).type == type;
        if (!IsHalf(type) || moved || AreWeights(graph_, node, slot)) continue;
        const auto [place, is_new] = wide.emplace(id, kNoTensor);
        if (is_new) {
          Tensor copy = graph_.tensor(id);
          WidenTensor(copy);
          place->second = graph_.AddTensor(std::move(copy));
        }
        node.inputs[slot] = place->second;
      }
    }
  }

  // Products add the residual in the memory of the result, so both must be of one type.
  void WidenResiduals() {
    std::vector<Node> nodes;
    for (Node& node : graph_.nodes) {
      const bool product =
          node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions;
      const TensorId residual = product ? node.input(3) : kNoTensor;
      if (residual != kNoTensor && IsHalf(graph_.tensor(residual).type) &&
          graph_.tensor(node.outputs[0]).type == DataType::kF32) {
        Tensor copy = graph_.tensor(residual);
        copy.name += "/f32";
        copy.type = DataType::kF32;
        const TensorId wide = graph_.AddTensor(std::move(copy));
        nodes.push_back(Cast(residual, wide));
        node.inputs[3] = wide;
      }
      nodes.push_back(std::move(node));
    }
    graph_.nodes = std::move(nodes);
  }

  // Casts whose types have become one.
  void RemoveIdentities() {
    std::vector<Node> nodes;
    for (Node& node : graph_.nodes) {
      if (node.type() == OpType::CastOptions && IsIdentity(node)) {
        const TensorId from = node.inputs[0], to = node.outputs[0];
        for (Node& other : graph_.nodes) {
          std::replace(other.inputs.begin(), other.inputs.end(), to, from);
        }
        continue;
      }
      nodes.push_back(std::move(node));
    }
    graph_.nodes = std::move(nodes);
  }

  bool IsIdentity(const Node& node) const {
    const Tensor &x = graph_.tensor(node.inputs[0]), &y = graph_.tensor(node.outputs[0]);
    return x.type == y.type && x.type == DataType::kF32 && !IsOutput(graph_, node.outputs[0]);
  }

  Graph& graph_;
  const NativeHalves native_;
  std::set<TensorId> kept_;  // inputs and outputs that have copies in f32
};

}  // namespace

NativeHalves NativeHalvesOf(const CpuFeatures& cpu, bool deterministic) {
  if (deterministic) return {};
  return {cpu.avx512_fp16, cpu.avx512_bf16};
}

void LowerHalves(Graph& graph, const NativeHalves& native) {
  Pass(graph, native).Run();
  for (Graph& subgraph : graph.subgraphs) WidenAll(subgraph);
}

}  // namespace octet
