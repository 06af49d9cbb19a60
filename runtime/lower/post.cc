#include "runtime/lower/post.h"

#include <limits>
#include <utility>

namespace octet {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr size_t kMostFunctions = 4;

bool IsRealProduct(const Graph& graph, const Node& node) {
  if (node.type() != OpType::ConvOptions && node.type() != OpType::MatMulOptions) return false;
  const auto is_real = [&](TensorId id) {
    const Tensor& t = graph.tensor(id);
    const bool half = t.type == DataType::kF16 || t.type == DataType::kBF16;
    return (t.type == DataType::kF32 || half) && !t.quant;
  };
  return is_real(node.inputs[0]) && is_real(node.outputs[0]);
}

bool IsCheap(schema::UnaryKind kind) {
  switch (kind) {
    case schema::UnaryKind::CLIP:
    case schema::UnaryKind::SIGMOID:
    case schema::UnaryKind::TANH:
    case schema::UnaryKind::ABS:
    case schema::UnaryKind::LEAKY_RELU:
    case schema::UnaryKind::ELU:
    case schema::UnaryKind::HARD_SIGMOID:
    case schema::UnaryKind::HARD_SWISH:
    case schema::UnaryKind::SWISH:
    case schema::UnaryKind::GELU:
    case schema::UnaryKind::GELU_TANH:
      return true;
    default:
      return false;
  }
}

// The number that all elements of an f32 constant are.
absl::optional<float> NumberIn(const Tensor& tensor) {
  if (!tensor.is_constant() || tensor.type != DataType::kF32) return {};
  const absl::Span<const float> values = tensor.data.as<float>();
  if (values.empty()) return {};
  for (const float v : values) {
    if (v != values[0]) return {};
  }
  return values[0];
}

// What `node` does to its first input as functions of one number; nothing where it is something
// else.
std::vector<PostFunction> FunctionsOf(const Graph& graph, absl::Span<const Shape> shapes,
                                      const Node& node) {
  if (node.type() == OpType::UnaryOptions) {
    const auto& options = node.as<schema::UnaryOptionsT>();
    if (!IsCheap(options.kind)) return {};
    return {{options.kind, options.alpha, options.beta}};
  }
  if (node.type() != OpType::BinaryOptions) return {};
  const auto& options = node.as<schema::BinaryOptionsT>();
  const absl::optional<float> number = NumberIn(graph.tensor(node.inputs[1]));
  if (!number ||
      shapes[static_cast<size_t>(node.inputs[0])] != shapes[static_cast<size_t>(node.outputs[0])]) {
    return {};
  }
  std::vector<PostFunction> functions;
  if (options.kind == schema::BinaryKind::ADD) {
    functions.push_back({absl::nullopt, 1.0f, *number});
  } else if (options.kind == schema::BinaryKind::MUL) {
    functions.push_back({absl::nullopt, *number, 0.0f});
  } else {
    return {};
  }
  if (options.activation_min != -kInf || options.activation_max != kInf) {
    functions.push_back({schema::UnaryKind::CLIP, options.activation_min, options.activation_max});
  }
  return functions;
}

// alpha * x and then x + beta are one function.
void Append(std::vector<PostFunction>& functions, const PostFunction& f) {
  PostFunction* last = functions.empty() ? nullptr : &functions.back();
  if (last != nullptr && !last->kind && !f.kind && f.alpha == 1.0f && last->beta == 0.0f) {
    last->beta = f.beta;
  } else {
    functions.push_back(f);
  }
}

// Takes out the nodes that `gone` marks.
template <typename T>
void Erase(std::vector<T>& items, const std::vector<bool>& gone) {
  size_t kept = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) items[kept] = std::move(items[i]);
    ++kept;
  }
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(kept), items.end());
}

}  // namespace

std::vector<std::vector<PostFunction>> FusePostFunctions(Graph& graph,
                                                         absl::Span<const Shape> shapes,
                                                         std::vector<NodeLayouts>& layouts) {
  const std::vector<std::vector<int>> consumers = Consumers(graph);
  std::vector<std::vector<PostFunction>> result(graph.nodes.size());
  std::vector<bool> gone(graph.nodes.size(), false);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& product = graph.nodes[i];
    if (!IsRealProduct(graph, product)) continue;
    while (result[i].size() < kMostFunctions && !IsOutput(graph, product.outputs[0])) {
      const std::vector<int>& readers = consumers[static_cast<size_t>(product.outputs[0])];
      if (readers.size() != 1) break;
      const auto reader = static_cast<size_t>(readers[0]);
      const std::vector<PostFunction> functions = FunctionsOf(graph, shapes, graph.nodes[reader]);
      if (functions.empty() || graph.nodes[reader].inputs[0] != product.outputs[0]) break;
      for (const PostFunction& f : functions) Append(result[i], f);
      product.outputs = graph.nodes[reader].outputs;
      gone[reader] = true;
    }
  }
  Erase(graph.nodes, gone);
  Erase(layouts, gone);
  Erase(result, gone);
  return result;
}

}  // namespace octet
