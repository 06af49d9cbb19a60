#include "runtime/program.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/core/operators.h"
#include "runtime/lower/resolve.h"

namespace octet {
namespace {

// Stages have even numbers where they are planned and odd ones where operators with open results
// run. What is there before the first one has kBefore.
constexpr int kBefore = -1;

int PlannedFrom(int stage) { return stage < 0 ? 0 : stage + stage % 2; }
int OpenFrom(int stage) { return stage < 0 ? 1 : stage + 1 - stage % 2; }

// Decides for every node the earliest stage in which it can run.
class Scheduler {
 public:
  explicit Scheduler(const Graph& graph)
      : graph_(graph), computed_(graph.tensors.size(), kBefore), known_(graph.tensors.size(), 0) {
    for (TensorId id : graph.inputs) {
      // Numbers of large inputs are data rather than sizes; they are read one stage later.
      if (graph.tensor(id).shape.size() > 1) known_[static_cast<size_t>(id)] = 2;
    }
  }

  std::vector<int> Run() {
    std::vector<int> stages;
    for (const Node& node : graph_.nodes) stages.push_back(Place(node));
    return stages;
  }

 private:
  int Place(const Node& node) {
    const bool open = HasOpenResult(node.type());
    int after = kBefore, known = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoTensor) continue;
      const auto id = static_cast<size_t>(node.inputs[i]);
      after = std::max(after, computed_[id]);
      if (IsValueInput(node.type(), i)) after = std::max(after, known_[id]);
      known = std::max(known, known_[id]);
    }
    const int stage = open ? OpenFrom(after) : PlannedFrom(after);
    // The numbers of a result are known when its stage is planned if those of the operands are, or
    // if it is a shape; else when the stage has run.
    const bool from_shape = node.type() == OpType::ShapeOfOptions;
    const bool at_once = !open && (from_shape || known <= stage);
    for (TensorId id : node.outputs) {
      computed_[static_cast<size_t>(id)] = stage;
      known_[static_cast<size_t>(id)] = at_once ? stage : PlannedFrom(stage + 1);
    }
    return stage;
  }

  const Graph& graph_;
  std::vector<int> computed_;  // per tensor, the stage that computes it
  std::vector<int> known_;     // per tensor, the stage that can be planned with its elements
};

// Makes stages of nodes that are planned together.
class Cutter {
 public:
  Cutter(const Graph& graph, const std::vector<int>& stage_of) : graph_(graph) {
    computed_.assign(graph.tensors.size(), kBefore);
    last_read_.assign(graph.tensors.size(), kBefore);
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (TensorId id : graph.nodes[i].outputs) computed_[static_cast<size_t>(id)] = stage_of[i];
      for (TensorId id : graph.nodes[i].inputs) {
        if (id == kNoTensor) continue;
        int& last = last_read_[static_cast<size_t>(id)];
        last = std::max(last, stage_of[i]);
      }
    }
  }

  Stage Planned(int number, absl::Span<const size_t> nodes) const {
    Stage stage;
    stage.graph = std::make_unique<Graph>();
    Graph& part = *stage.graph;
    std::map<TensorId, TensorId> local;
    const auto take = [&](TensorId id) {
      if (id == kNoTensor) return kNoTensor;
      const auto [known, is_new] = local.try_emplace(id, kNoTensor);
      if (!is_new) return known->second;
      known->second = part.AddTensor(graph_.tensor(id));
      const bool here = computed_[static_cast<size_t>(id)] == number;
      if (!here && !graph_.tensor(id).is_constant()) {
        stage.inputs.push_back(id);
        part.inputs.push_back(known->second);
      }
      if (here && LeavesStage(id, number)) {
        stage.outputs.push_back(id);
        part.outputs.push_back(known->second);
      }
      return known->second;
    };
    for (size_t i : nodes) {
      Node node = graph_.nodes[i];
      for (TensorId& id : node.inputs) id = take(id);
      for (TensorId& id : node.outputs) id = take(id);
      part.nodes.push_back(std::move(node));
    }
    const std::vector<bool> needed = NeededValues(part);
    for (TensorId id : part.inputs) {
      stage.input_is_value.push_back(needed[static_cast<size_t>(id)]);
    }
    return stage;
  }

  Stage Open(size_t node) const {
    Stage stage;
    stage.open = &graph_.nodes[node];
    stage.inputs = stage.open->inputs;
    stage.outputs = stage.open->outputs;
    return stage;
  }

 private:
  bool LeavesStage(TensorId id, int number) const {
    return last_read_[static_cast<size_t>(id)] > number || IsOutput(graph_, id);
  }

  const Graph& graph_;
  std::vector<int> computed_;
  std::vector<int> last_read_;
};

std::vector<int> SubgraphsOf(const Node& node) {
  if (node.type() == OpType::IfOptions) {
    const auto& options = node.as<schema::IfOptionsT>();
    return {options.then_graph, options.else_graph};
  }
  if (node.type() == OpType::LoopOptions) return {node.as<schema::LoopOptionsT>().body};
  return {};
}

}  // namespace

bool Stage::depends_on_values() const {
  return std::find(input_is_value.begin(), input_is_value.end(), true) != input_is_value.end();
}

Program::Program(const Graph& graph, const PlanEnvironment& environment, size_t max_plans)
    : graph_(graph) {
  const std::vector<int> stage_of = Scheduler(graph).Run();
  std::map<int, std::vector<size_t>> nodes_of;
  for (size_t i = 0; i < stage_of.size(); ++i) nodes_of[stage_of[i]].push_back(i);
  const Cutter cutter(graph, stage_of);
  for (const auto& [number, nodes] : nodes_of) {
    if (number % 2 == 0) {
      Stage stage = cutter.Planned(number, nodes);
      stage.plans = std::make_unique<PlanCache>(*stage.graph, environment, max_plans);
      stages_.push_back(std::move(stage));
      continue;
    }
    for (size_t i : nodes) {
      Stage stage = cutter.Open(i);
      for (int index : SubgraphsOf(*stage.open)) {
        stage.subprograms.push_back(std::make_unique<Program>(
            graph.subgraphs[static_cast<size_t>(index)], environment, max_plans));
      }
      stages_.push_back(std::move(stage));
    }
  }
}

bool Program::IsStatic(const Graph& graph) {
  const std::vector<int> stage_of = Scheduler(graph).Run();
  const std::vector<bool> needed = NeededValues(graph);
  return std::all_of(stage_of.begin(), stage_of.end(), [](int stage) { return stage == 0; }) &&
         std::none_of(graph.inputs.begin(), graph.inputs.end(),
                      [&](TensorId id) { return needed[static_cast<size_t>(id)]; });
}

}  // namespace octet
