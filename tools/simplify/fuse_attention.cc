#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/simplify/match.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

// softmax(scale * q k^T + mask) v, where scale may be a factor of q, k, their product or the sum.

namespace octet {
namespace {

using schema::BinaryKind;

// A matrix product of two computed tensors of rank 4 that nothing is fused into.
const Node* ProductOfTwo(const Graph& graph, const Node* node) {
  if (node == nullptr || node->type() != OpType::MatMulOptions) return nullptr;
  const auto& options = node->as<schema::MatMulOptionsT>();
  if (options.transpose_a || node->inputs.size() > 2 || !HasNoActivation(*node)) return nullptr;
  for (const TensorId id : node->inputs) {
    if (graph.tensor(id).is_constant() || graph.tensor(id).shape.size() != 4) return nullptr;
    if (graph.tensor(id).type != DataType::kF32) return nullptr;
  }
  return node;
}

// `id` without factors that are numbers, which `scale` is multiplied with.
TensorId WithoutFactor(const Graph& graph, const Uses& uses, TensorId id, double& scale) {
  const Node* node = uses.Producer(id);
  const bool product = BinaryOf(node, BinaryKind::MUL) != nullptr;
  if (!product && BinaryOf(node, BinaryKind::DIV) == nullptr) return id;
  const absl::optional<double> number = UniformValue(graph, node->inputs[1]);
  if (!number || *number == 0.0) return id;
  if (!SameShape(graph.tensor(node->inputs[0]), graph.tensor(id))) return id;
  scale = product ? scale * *number : scale / *number;
  return WithoutFactor(graph, uses, node->inputs[0], scale);
}

// What the scores are before softmax: scale * q k^T + mask.
struct Scores {
  const Node* product = nullptr;  // null: they are something else
  double scale = 1.0;
  TensorId mask = kNoTensor;
  const Node* exclusion = nullptr;  // Where(condition, scores, number): the number excludes
};

// Whether `mask` broadcasts to the scores instead of enlarging them.
bool Broadcasts(const Graph& graph, TensorId mask, TensorId scores, TensorId sum) {
  return graph.tensor(mask).type == DataType::kF32 && graph.tensor(mask).shape.size() <= 4 &&
         SameShape(graph.tensor(scores), graph.tensor(sum));
}

Scores Unmasked(const Graph& graph, const Uses& uses, TensorId id) {
  Scores scores;
  id = WithoutFactor(graph, uses, id, scores.scale);
  scores.product = ProductOfTwo(graph, uses.Producer(id));
  return scores;
}

// Numbers that leave nothing of the scores that they replace, nor of those that they are added to.
bool Excludes(const Graph& graph, TensorId id) {
  const absl::optional<double> number = UniformValue(graph, id);
  return number && *number <= -1e30;
}

Scores ScoresOf(const Graph& graph, const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  if (BinaryOf(node, BinaryKind::ADD) != nullptr) {
    for (const size_t side : {0u, 1u}) {
      const TensorId mask = node->inputs[1 - side];
      Scores scores = Unmasked(graph, uses, node->inputs[side]);
      if (scores.product == nullptr || !Broadcasts(graph, mask, node->inputs[side], id)) continue;
      scores.mask = mask;
      return scores;
    }
    return {};
  }
  if (node != nullptr && node->type() == OpType::WhereOptions && Excludes(graph, node->inputs[2]) &&
      graph.tensor(node->inputs[0]).shape.size() <= 4 &&
      SameShape(graph.tensor(node->inputs[1]), graph.tensor(id))) {
    Scores scores = Unmasked(graph, uses, node->inputs[1]);
    scores.exclusion = node;
    return scores;
  }
  return Unmasked(graph, uses, id);
}

// A new tensor like `like` with its dimensions in another order.
TensorId AddTransposed(Graph& graph, TensorId like, const std::vector<int>& permutation,
                       const std::string& name) {
  Tensor tensor = graph.tensor(like);
  const Shape shape = tensor.shape;
  const std::vector<std::string> symbols = tensor.symbols;
  for (size_t i = 0; i < permutation.size(); ++i) {
    const auto from = static_cast<size_t>(permutation[i]);
    tensor.shape[i] = shape[from];
    if (!symbols.empty()) tensor.symbols[i] = symbols[from];
  }
  tensor.name = name;
  return graph.AddTensor(std::move(tensor));
}

class Rewriter {
 public:
  Rewriter(Graph& graph, const Uses& uses, int index) : graph_(graph), uses_(uses), at_(index) {}

  bool Run() {
    const Node& root = graph_.nodes[static_cast<size_t>(at_)];
    const Node* values = ProductOfTwo(graph_, &root);
    if (values == nullptr || values->as<schema::MatMulOptionsT>().transpose_b) return false;
    const Node* softmax = uses_.Producer(values->inputs[0]);
    if (softmax == nullptr || softmax->type() != OpType::SoftmaxOptions ||
        softmax->as<schema::SoftmaxOptionsT>().axis != 3) {
      return false;
    }
    Scores scores = ScoresOf(graph_, uses_, softmax->inputs[0]);
    if (scores.product == nullptr) return false;
    const std::string name = root.name;
    base_ = graph_.tensor(root.outputs[0]).name;
    const TensorId v = values->inputs[1];
    const std::vector<TensorId> outputs = root.outputs;
    const TensorId q = WithoutFactor(graph_, uses_, scores.product->inputs[0], scores.scale);
    const TensorId k = WithoutFactor(graph_, uses_, scores.product->inputs[1], scores.scale);
    if (!Matches(q, k) || !Matches(q, v)) return false;
    const bool k_transposed = !scores.product->as<schema::MatMulOptionsT>().transpose_b;
    std::vector<TensorId> inputs = {q, k_transposed ? Untransposed(k) : k, v};
    const TensorId mask = MaskOf(scores);
    if (mask != kNoTensor) inputs.push_back(mask);
    schema::AttentionOptionsT options;
    options.scale = static_cast<float>(scores.scale);
    graph_.nodes[static_cast<size_t>(at_)] =
        Graph::MakeNode(name, std::move(options), std::move(inputs), outputs);
    graph_.nodes.insert(graph_.nodes.begin() + at_, std::make_move_iterator(before_.begin()),
                        std::make_move_iterator(before_.end()));
    return true;
  }

 private:
  // Batches and heads must be the same: attention does not broadcast them.
  bool Matches(TensorId q, TensorId v) const {
    const Tensor &a = graph_.tensor(q), &b = graph_.tensor(v);
    for (const size_t d : {0u, 1u}) {
      const bool named = a.shape[d] < 0 && d < a.symbols.size() && d < b.symbols.size() &&
                         !a.symbols[d].empty() && a.symbols[d] == b.symbols[d];
      if (a.shape[d] != b.shape[d] || (a.shape[d] < 0 && !named)) return false;
    }
    return true;
  }

  // The matrices of `id` with rows and columns exchanged.
  TensorId Untransposed(TensorId id) {
    std::vector<int> permutation = {0, 1, 3, 2};
    TensorId source = id;
    const Node* before = uses_.Producer(id);
    if (before != nullptr && before->type() == OpType::TransposeOptions) {
      permutation = before->as<schema::TransposeOptionsT>().permutation;
      std::swap(permutation[2], permutation[3]);
      source = before->inputs[0];
    }
    if (permutation == std::vector<int>{0, 1, 2, 3}) return source;
    schema::TransposeOptionsT options;
    options.permutation = permutation;
    const TensorId result =
        AddTransposed(graph_, source, permutation, absl::StrCat(base_, "/keys"));
    before_.push_back(
        Graph::MakeNode(absl::StrCat(base_, "/keys"), std::move(options), {source}, {result}));
    return result;
  }

  // What is added to the scores. A number that replaces scores, being so large, is what remains of
  // the sum if it is added instead.
  TensorId MaskOf(const Scores& scores) {
    if (scores.exclusion == nullptr) return scores.mask;
    const TensorId condition = scores.exclusion->inputs[0], number = scores.exclusion->inputs[2];
    Tensor mask = graph_.tensor(condition);
    mask.name = absl::StrCat(base_, "/mask");
    mask.type = DataType::kF32;
    mask.data = Constant();
    const double value = *UniformValue(graph_, number);
    const TensorId zero =
        AddConstant(graph_, absl::StrCat(base_, "/kept"), DataType::kF32, {}, {0});
    const TensorId excluded =
        AddConstant(graph_, absl::StrCat(base_, "/excluded"), DataType::kF32, {}, {value});
    const TensorId result = graph_.AddTensor(std::move(mask));
    before_.push_back(Graph::MakeNode(absl::StrCat(base_, "/mask"), schema::WhereOptionsT(),
                                      {condition, zero, excluded}, {result}));
    return result;
  }

  Graph& graph_;
  const Uses& uses_;
  int at_;
  std::string base_;          // of the names of new tensors and nodes
  std::vector<Node> before_;  // nodes to insert
};

}  // namespace

bool FuseAttention(Graph& graph) {
  CurrentUses uses(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    if (graph.nodes[static_cast<size_t>(i)].type() != OpType::MatMulOptions) continue;
    uses.Note(Rewriter(graph, uses.get(), i).Run());
  }
  return uses.any();
}

}  // namespace octet
