#include "tools/simplify/uses.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/simplify/constants.h"

namespace octet {
namespace {

template <typename OptionsT>
bool Unclamped(const Node& node) {
  const auto& options = node.as<OptionsT>();
  return options.activation_min == -std::numeric_limits<float>::infinity() &&
         options.activation_max == std::numeric_limits<float>::infinity();
}

}  // namespace

Uses::Uses(const Graph& graph)
    : graph_(graph), producers_(Producers(graph)), starts_(graph.tensors.size() + 1, 0) {
  const auto for_each_read = [&](auto function) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const TensorId id : graph.nodes[i].inputs) {
        if (id != kNoTensor) function(static_cast<size_t>(id), static_cast<int>(i));
      }
    }
  };
  for_each_read([&](size_t id, int) { ++starts_[id + 1]; });
  for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  readers_.resize(starts_.back());
  std::vector<size_t> next = starts_;
  for_each_read([&](size_t id, int node) { readers_[next[id]++] = node; });
}

int Uses::ProducerIndex(TensorId id) const {
  return id < 0 ? -1 : producers_[static_cast<size_t>(id)];
}

const Node* Uses::Producer(TensorId id) const {
  const int index = ProducerIndex(id);
  return index < 0 ? nullptr : &graph_.nodes[static_cast<size_t>(index)];
}

int Uses::Readers(TensorId id) const {
  const auto outputs = std::count(graph_.outputs.begin(), graph_.outputs.end(), id);
  const auto index = static_cast<size_t>(id);
  return static_cast<int>(starts_[index + 1] - starts_[index]) + static_cast<int>(outputs);
}

int Uses::OnlyReader(TensorId id) const {
  const size_t first = starts_[static_cast<size_t>(id)];
  const bool read_by_nodes = starts_[static_cast<size_t>(id) + 1] > first;
  return Readers(id) == 1 && read_by_nodes ? readers_[first] : -1;
}

int Uses::OnlyFor(TensorId id, OpType type) const {
  const Node* producer = Producer(id);
  if (producer == nullptr || producer->type() != type || OnlyReader(id) < 0) return -1;
  return ProducerIndex(id);
}

absl::optional<double> UniformValue(const Graph& graph, TensorId id) {
  if (id < 0 || !graph.tensor(id).is_constant() || !IsFloat(graph.tensor(id).type)) return {};
  const Tensor& tensor = graph.tensor(id);
  const std::vector<double> values = ToDoubles(tensor.type, tensor.data);
  if (values.empty()) return {};
  for (const double v : values) {
    if (v != values[0]) return {};
  }
  return values[0];
}

std::vector<double> PerChannel(const Graph& graph, TensorId constant, TensorId like, size_t axis) {
  const Shape& shape = graph.tensor(like).shape;
  if (constant < 0 || axis >= shape.size() || shape[axis] <= 0) return {};
  const Tensor& tensor = graph.tensor(constant);
  if (!tensor.is_constant() || !IsFloat(tensor.type) || tensor.shape.size() > shape.size())
    return {};
  const size_t offset = shape.size() - tensor.shape.size();
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] != 1 && (offset + i != axis || tensor.shape[i] != shape[axis])) return {};
  }
  std::vector<double> values = ToDoubles(tensor.type, tensor.data);
  if (values.size() == 1) values.resize(static_cast<size_t>(shape[axis]), values[0]);
  return values;
}

TensorId AddConstant(Graph& graph, const std::string& name, DataType type, const Shape& shape,
                     const std::vector<double>& values) {
  Tensor tensor;
  tensor.name = name;
  const auto is_taken = [&] {
    return std::any_of(graph.tensors.begin(), graph.tensors.end(),
                       [&](const Tensor& other) { return other.name == tensor.name; });
  };
  for (int i = 1; is_taken(); ++i) tensor.name = absl::StrCat(name, "_", i);
  tensor.type = type;
  tensor.shape = shape;
  tensor.data = FromDoubles(type, values);
  return graph.AddTensor(std::move(tensor));
}

TensorId Replacement(Graph& graph, const Uses& uses, TensorId old, DataType type,
                     const Shape& shape, const std::vector<double>& values) {
  if (uses.OnlyReader(old) < 0)
    return AddConstant(graph, graph.tensor(old).name, type, shape, values);
  Tensor& tensor = graph.tensor(old);
  tensor.type = type;
  tensor.shape = shape;
  tensor.data = FromDoubles(type, values);
  return old;
}

bool SameShape(const Tensor& a, const Tensor& b) {
  if (a.shape != b.shape) return false;
  for (size_t i = 0; i < a.shape.size(); ++i) {
    if (a.shape[i] >= 0) continue;
    if (i >= a.symbols.size() || i >= b.symbols.size() || a.symbols[i].empty() ||
        a.symbols[i] != b.symbols[i]) {
      return false;
    }
  }
  return true;
}

bool HasNoActivation(const Node& node) {
  switch (node.type()) {
    case OpType::ConvOptions:
      return Unclamped<schema::ConvOptionsT>(node);
    case OpType::MatMulOptions:
      return Unclamped<schema::MatMulOptionsT>(node);
    case OpType::ConvTransposeOptions:
      return Unclamped<schema::ConvTransposeOptionsT>(node);
    case OpType::BinaryOptions:
      return Unclamped<schema::BinaryOptionsT>(node);
    default:
      return false;
  }
}

}  // namespace octet
