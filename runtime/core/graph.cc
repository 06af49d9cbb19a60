#include "runtime/core/graph.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "absl/strings/strip.h"

namespace octet {

absl::string_view Name(OpType type) {
  return absl::StripSuffix(schema::EnumNameOptions(type), "Options");
}

Constant Constant::Own(std::vector<uint8_t> bytes) {
  const auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  return Borrow(owner->data(), owner->size(), owner);
}

Constant Constant::Borrow(const uint8_t* data, size_t size, std::shared_ptr<const void> owner) {
  Constant constant;
  constant.data_ = data;
  constant.size_ = size;
  constant.present_ = true;
  constant.owner_ = std::move(owner);
  return constant;
}

Graph::Graph(const Graph& other)
    : name(other.name),
      producer(other.producer),
      tensors(other.tensors),
      nodes(other.nodes),
      inputs(other.inputs),
      outputs(other.outputs),
      labels(other.labels),
      subgraphs(other.subgraphs) {
  if (other.preprocessing != nullptr) {
    preprocessing = std::make_unique<schema::PreprocessingT>(*other.preprocessing);
  }
  if (other.quantization != nullptr) {
    quantization = std::make_unique<schema::QuantizationRecordT>(*other.quantization);
  }
}

TensorId Graph::AddTensor(Tensor t) {
  tensors.push_back(std::move(t));
  return static_cast<TensorId>(tensors.size() - 1);
}

std::vector<int> Producers(const Graph& graph) {
  std::vector<int> producers(graph.tensors.size(), -1);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (TensorId id : graph.nodes[i].outputs) {
      if (id != kNoTensor) producers[static_cast<size_t>(id)] = static_cast<int>(i);
    }
  }
  return producers;
}

std::vector<std::vector<int>> Consumers(const Graph& graph) {
  std::vector<std::vector<int>> consumers(graph.tensors.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (TensorId id : graph.nodes[i].inputs) {
      if (id != kNoTensor) consumers[static_cast<size_t>(id)].push_back(static_cast<int>(i));
    }
  }
  return consumers;
}

bool IsOutput(const Graph& graph, TensorId id) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
}

void ReplaceUses(Graph& graph, TensorId from, TensorId to) {
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  std::replace(graph.outputs.begin(), graph.outputs.end(), from, to);
}

namespace {

void Mark(absl::Span<const TensorId> ids, std::vector<bool>& marks) {
  for (TensorId id : ids) {
    if (id != kNoTensor) marks[static_cast<size_t>(id)] = true;
  }
}

void RemoveUnmarkedTensors(Graph& graph, const std::vector<bool>& marks) {
  std::vector<TensorId> renumbered(graph.tensors.size(), kNoTensor);
  size_t kept = 0;
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    if (!marks[i]) continue;
    renumbered[i] = static_cast<TensorId>(kept);
    if (kept != i) graph.tensors[kept] = std::move(graph.tensors[i]);
    ++kept;
  }
  graph.tensors.resize(kept);
  const auto renumber = [&renumbered](std::vector<TensorId>& ids) {
    for (TensorId& id : ids) {
      if (id != kNoTensor) id = renumbered[static_cast<size_t>(id)];
    }
  };
  for (Node& node : graph.nodes) {
    renumber(node.inputs);
    renumber(node.outputs);
  }
  renumber(graph.inputs);
  renumber(graph.outputs);
}

}  // namespace

void RemoveDead(Graph& graph) {
  std::vector<bool> needed(graph.tensors.size(), false);
  Mark(graph.outputs, needed);
  // Readers stand behind the node they read from, so one walk from the end sees all of them in
  // time.
  std::vector<bool> keep(graph.nodes.size(), false);
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    keep[i] = std::any_of(node.outputs.begin(), node.outputs.end(), [&needed](TensorId id) {
      return id != kNoTensor && needed[static_cast<size_t>(id)];
    });
    if (!keep[i]) continue;
    Mark(node.inputs, needed);
    Mark(node.outputs, needed);
  }
  size_t kept = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!keep[i]) continue;
    if (kept != i) graph.nodes[kept] = std::move(graph.nodes[i]);
    ++kept;
  }
  graph.nodes.resize(kept);
  Mark(graph.inputs, needed);
  RemoveUnmarkedTensors(graph, needed);
}

bool SortNodes(Graph& graph) {
  const std::vector<int> producers = Producers(graph);
  const std::vector<std::vector<int>> consumers = Consumers(graph);
  std::vector<size_t> missing(graph.nodes.size(), 0);
  // The node that comes first in the present order goes first among those that are ready.
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (TensorId id : graph.nodes[i].inputs) {
      if (id != kNoTensor && producers[static_cast<size_t>(id)] >= 0) ++missing[i];
    }
    if (missing[i] == 0) ready.push(static_cast<int>(i));
  }
  std::vector<int> order;
  order.reserve(graph.nodes.size());
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    order.push_back(next);
    for (TensorId id : graph.nodes[static_cast<size_t>(next)].outputs) {
      if (id == kNoTensor) continue;
      for (int reader : consumers[static_cast<size_t>(id)]) {
        if (--missing[static_cast<size_t>(reader)] == 0) ready.push(reader);
      }
    }
  }
  if (order.size() != graph.nodes.size()) return false;
  std::vector<Node> sorted;
  sorted.reserve(order.size());
  for (int index : order) sorted.push_back(std::move(graph.nodes[static_cast<size_t>(index)]));
  graph.nodes = std::move(sorted);
  return true;
}

}  // namespace octet
