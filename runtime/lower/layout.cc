#include "runtime/lower/layout.h"

#include <array>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "schema/model_generated.h"

namespace octet {
namespace {

class LayoutPass {
 public:
  LayoutPass(Graph& graph, std::vector<Shape>& shapes)
      : graph_(graph),
        shapes_(shapes),
        consumers_(Consumers(graph)),
        layouts_(graph.tensors.size(), Layout::kPlain),
        converted_(graph.tensors.size(), {kNoTensor, kNoTensor}) {}

  std::vector<NodeLayouts> Run() {
    std::vector<Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    source_nodes_ = &nodes;
    for (Node& node : nodes) Visit(node);
    for (TensorId& output : graph_.outputs) output = Converted(output, Layout::kPlain);
    return std::move(result_);
  }

 private:
  size_t Rank(TensorId id) const { return shapes_[static_cast<size_t>(id)].size(); }
  Layout& LayoutOf(TensorId id) { return layouts_[static_cast<size_t>(id)]; }

  // Whether the node reads `id` as data that must be in some layout, not as a constant or nothing.
  bool IsComputed(TensorId id) const { return id != kNoTensor && !graph_.tensor(id).is_constant(); }

  bool WantedChannelsLast(TensorId id) const {
    if (Rank(id) < 3 || IsOutput(graph_, id)) return false;
    for (int reader : consumers_[static_cast<size_t>(id)]) {
      // Nodes before the current one are already moved, but readers of an output come after it.
      const Node& node = (*source_nodes_)[static_cast<size_t>(reader)];
      if (LayoutRuleOf(node.type()) == LayoutRule::kChannelsLast) return true;
    }
    return false;
  }

  // Whether the node is a Cast to wider elements that are wanted channels last: fewer bytes move
  // when the narrow ones change their layout.
  bool WidensForChannelsLast(const Node& node) const {
    return node.type() == OpType::CastOptions && WantedChannelsLast(node.outputs[0]) &&
           SizeOf(graph_.tensor(node.inputs[0]).type) < SizeOf(graph_.tensor(node.outputs[0]).type);
  }

  // The layout in which `node` reads all computed inputs of the output's rank and writes its
  // outputs.
  Layout CommonLayout(const Node& node) {
    const size_t rank = Rank(node.outputs[0]);
    switch (LayoutRuleOf(node.type())) {
      case LayoutRule::kChannelsLast:
        return Layout::kChannelsLast;
      case LayoutRule::kSame:
        if (WidensForChannelsLast(node)) return Layout::kChannelsLast;
        for (TensorId id : node.inputs) {
          if (IsComputed(id) && Rank(id) == rank && LayoutOf(id) == Layout::kChannelsLast &&
              !LayoutFree(shapes_[static_cast<size_t>(id)])) {
            return Layout::kChannelsLast;
          }
        }
        return Layout::kPlain;
      case LayoutRule::kPlain:
      case LayoutRule::kAny:
        break;
    }
    return Layout::kPlain;
  }

  void Visit(Node& node) {
    NodeLayouts seen;
    const bool any = LayoutRuleOf(node.type()) == LayoutRule::kAny;
    const Layout common = CommonLayout(node);
    const size_t out_rank = Rank(node.outputs[0]);
    for (TensorId& id : node.inputs) {
      if (!IsComputed(id)) {
        seen.inputs.push_back(Layout::kPlain);
        continue;
      }
      Layout wanted = common;
      if (any) wanted = LayoutOf(id);
      if (Rank(id) != out_rank || Rank(id) < 3) wanted = Layout::kPlain;
      if (!any) id = Converted(id, wanted);
      seen.inputs.push_back(any ? LayoutOf(id) : wanted);
    }
    for (TensorId id : node.outputs) {
      Layout layout = any ? AnyOutputLayout(node, id) : common;
      if (Rank(id) < 3) layout = Layout::kPlain;
      LayoutOf(id) = layout;
      seen.outputs.push_back(layout);
    }
    graph_.nodes.push_back(std::move(node));
    result_.push_back(std::move(seen));
  }

  // A converting operator writes what its readers want; a transposition is row-major otherwise, the
  // others keep what they read.
  Layout AnyOutputLayout(const Node& node, TensorId output) {
    if (WantedChannelsLast(output)) return Layout::kChannelsLast;
    if (node.type() == OpType::TransposeOptions || IsOutput(graph_, output)) return Layout::kPlain;
    return LayoutOf(node.inputs[0]);
  }

  // The tensor that holds the elements of `id` in `layout`; a node that makes it is appended if
  // needed.
  TensorId Converted(TensorId id, Layout layout) {
    if (LayoutOf(id) == layout || LayoutFree(shapes_[static_cast<size_t>(id)]) ||
        graph_.tensor(id).is_constant()) {
      return id;
    }
    TensorId& known = converted_[static_cast<size_t>(id)][static_cast<size_t>(layout)];
    if (known != kNoTensor) return known;
    Tensor copy = graph_.tensor(id);
    const Shape shape = shapes_[static_cast<size_t>(id)];
    schema::TransposeOptionsT identity;
    identity.permutation.resize(shape.size());
    std::iota(identity.permutation.begin(), identity.permutation.end(), 0);
    const std::string name =
        absl::StrCat(copy.name, layout == Layout::kPlain ? "/to_plain" : "/to_channels_last");
    copy.name = name;
    const Layout from = LayoutOf(id);
    const TensorId result = graph_.AddTensor(std::move(copy));
    known = result;
    shapes_.push_back(shape);
    layouts_.push_back(layout);
    converted_.push_back({kNoTensor, kNoTensor});
    graph_.AddNode(name, std::move(identity), {id}, {result});
    result_.push_back({{from}, {layout}});
    return result;
  }

  Graph& graph_;
  std::vector<Shape>& shapes_;
  std::vector<std::vector<int>> consumers_;
  std::vector<Layout> layouts_;
  std::vector<std::array<TensorId, 2>> converted_;  // by layout
  const std::vector<Node>* source_nodes_ = nullptr;
  std::vector<NodeLayouts> result_;
};

}  // namespace

bool LayoutFree(const Shape& shape) {
  if (shape.size() < 3 || shape[1] == 1) return true;
  for (size_t i = 2; i < shape.size(); ++i) {
    if (shape[i] != 1) return false;
  }
  return true;
}

std::vector<NodeLayouts> AssignLayouts(Graph& graph, std::vector<Shape>& shapes) {
  return LayoutPass(graph, shapes).Run();
}

}  // namespace octet
