#include "runtime/plan.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/infer.h"
#include "runtime/core/memory_plan.h"
#include "runtime/lower/arithmetic.h"
#include "runtime/lower/layout.h"
#include "runtime/lower/placement.h"
#include "runtime/lower/post.h"
#include "runtime/lower/resolve.h"
#include "runtime/lower/select.h"

namespace octet {
namespace {

constexpr size_t kAlignment = 64;

absl::Status InOperator(const absl::Status& status, const Node& node) {
  return absl::Status(status.code(), absl::StrCat("operator '", node.name, "' (", Name(node.type()),
                                                  "): ", status.message()));
}

Operand MakeOperand(const Graph& graph, absl::Span<const Shape> shapes, TensorId id,
                    Layout layout) {
  Operand operand;
  if (id == kNoTensor) return operand;
  const Tensor& tensor = graph.tensor(id);
  operand.type = tensor.type;
  operand.shape = shapes[static_cast<size_t>(id)];
  operand.layout = layout;
  operand.quant = tensor.quant ? &*tensor.quant : nullptr;
  operand.data = tensor.is_constant() ? tensor.data.data() : nullptr;
  return operand;
}

class Planner {
 public:
  Planner(const Graph& graph, const PlanEnvironment& environment)
      : environment_(environment), plan_(std::make_shared<Plan>()) {
    plan_->graph = graph;
  }

  absl::StatusOr<std::shared_ptr<const Plan>> Make(absl::Span<const Shape> input_shapes,
                                                   absl::Span<const Constant> input_values) {
    Graph& graph = plan_->graph;
    if (absl::Status status = Resolve(input_shapes, input_values); !status.ok()) return status;
    layouts_ = AssignLayouts(graph, shapes_);
    // Functions behind an f16 sum apply to what it was rounded to.
    post_.resize(graph.nodes.size());
    if (!environment_.accumulate_f16) post_ = FusePostFunctions(graph, shapes_, layouts_);
    placement_ = PlaceTensors(graph, shapes_, layouts_);
    if (absl::Status status = PrepareKernels(); !status.ok()) return status;
    ResolveInPlace();
    LayOutMemory();
    FillSteps();
    plan_->input_shapes.assign(input_shapes.begin(), input_shapes.end());
    plan_->input_values.assign(input_values.begin(), input_values.end());
    for (TensorId id : graph.outputs)
      plan_->output_shapes.push_back(shapes_[static_cast<size_t>(id)]);
    return std::shared_ptr<const Plan>(std::move(plan_));
  }

 private:
  // Shapes of all tensors; constants that follow from shapes.
  absl::Status Resolve(absl::Span<const Shape> input_shapes,
                       absl::Span<const Constant> input_values) {
    Graph& graph = plan_->graph;
    std::vector<bool> was_constant;
    for (const Tensor& tensor : graph.tensors) was_constant.push_back(tensor.is_constant());
    // Checks declared sizes too.
    auto known = InferKnownShapes(graph, input_shapes);
    if (!known.ok()) return known.status();
    auto shapes = ResolveValues(graph, input_shapes, input_values,
                                {environment_.cpu, environment_.pool.get()});
    if (!shapes.ok()) return shapes.status();
    shapes_ = *std::move(shapes);
    is_own_constant_.resize(graph.tensors.size());
    for (size_t i = 0; i < is_own_constant_.size(); ++i) {
      is_own_constant_[i] = graph.tensors[i].is_constant() && !was_constant[i];
    }
    plan_->packed = NewPackedWeights();
    return absl::OkStatus();
  }

  // Whether the node reads constants that live no longer than the plan, so that what is packed of
  // them must not be shared by address.
  bool ReadsOwnConstant(const Node& node) const {
    return std::any_of(node.inputs.begin(), node.inputs.end(), [this](TensorId id) {
      return id != kNoTensor && static_cast<size_t>(id) < is_own_constant_.size() &&
             is_own_constant_[static_cast<size_t>(id)];
    });
  }

  struct Prepared {
    Selected selected;
    ArithmeticInfo arithmetic;
  };

  absl::StatusOr<Prepared> Prepare(size_t index) const {
    const Graph& graph = plan_->graph;
    const Node& node = graph.nodes[index];
    std::vector<Operand> inputs, outputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      inputs.push_back(MakeOperand(graph, shapes_, node.inputs[i], layouts_[index].inputs[i]));
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      outputs.push_back(MakeOperand(graph, shapes_, node.outputs[i], layouts_[index].outputs[i]));
    }
    KernelContext context;
    context.node = &node;
    context.inputs = inputs;
    context.outputs = outputs;
    context.post = post_[index];
    context.cpu = environment_.cpu;
    context.pool = environment_.pool.get();
    context.packed = ReadsOwnConstant(node) ? plan_->packed.get() : environment_.packed;
    context.deterministic = environment_.deterministic;
    context.accumulate_f16 = environment_.accumulate_f16;
    absl::StatusOr<Selected> selected = SelectKernel(context);
    if (!selected.ok()) return selected.status();
    ArithmeticInfo arithmetic = DescribeArithmetic(context, selected->widened);
    return Prepared{*std::move(selected), std::move(arithmetic)};
  }

  // Preparing is independent per operator and mostly code generation and packing, so the pool's
  // worth of threads share it. They are not the pool's own: preparing may run parallel sections on
  // the pool.
  absl::Status PrepareKernels() {
    const size_t count = plan_->graph.nodes.size();
    std::vector<absl::StatusOr<Prepared>> prepared(count);
    std::atomic<size_t> next{0};
    const auto work = [&] {
      for (size_t i = next++; i < count; i = next++) {
        if (!placement_.is_view[i]) prepared[i] = Prepare(i);
      }
    };
    std::vector<std::thread> helpers;
    const size_t threads =
        std::min<size_t>(static_cast<size_t>(environment_.pool->threads()), count);
    for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
    for (std::thread& helper : helpers) helper.join();

    plan_->kernels.resize(count);
    plan_->infos.resize(count);
    for (size_t i = 0; i < count; ++i) {
      StepInfo& info = plan_->infos[i];
      info = DescribeNode(plan_->graph, plan_->graph.nodes[i]);
      if (placement_.is_view[i]) {
        info.kernel = "view";
        continue;
      }
      if (!prepared[i].ok()) return InOperator(prepared[i].status(), plan_->graph.nodes[i]);
      auto& [selected, arithmetic] = *prepared[i];
      plan_->kernels[i] = std::move(selected.kernel);
      info.kernel = std::move(selected.name);
      info.reason = std::move(selected.reason);
      info.computed = std::move(arithmetic.computed);
      info.accumulated = std::move(arithmetic.accumulated);
      info.conversion = arithmetic.conversion;
    }
    return absl::OkStatus();
  }

  Place& PlaceOf(TensorId id) { return placement_.places[static_cast<size_t>(id)]; }

  // Merges the buffer of an input with that of the output where a kernel works in place and nothing
  // else needs the input; elsewhere a copy comes first.
  void ResolveInPlace() {
    const Graph& graph = plan_->graph;
    copy_input_.assign(graph.nodes.size(), -1);
    std::vector<Lifetime> lifetimes = BufferLifetimes(graph, placement_);
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const Kernel* kernel = plan_->kernels[i].get();
      if (kernel == nullptr || kernel->in_place_input() < 0) continue;
      const Node& node = graph.nodes[i];
      const auto input = static_cast<size_t>(kernel->in_place_input());
      if (!CanShare(node, input, static_cast<int>(i), lifetimes)) {
        copy_input_[i] = kernel->in_place_input();
        continue;
      }
      const Place from = PlaceOf(node.outputs[0]);
      const Place to = PlaceOf(node.inputs[input]);
      const auto from_index = static_cast<size_t>(from.buffer),
                 to_index = static_cast<size_t>(to.buffer);
      for (Place& place : placement_.places) {
        if (place.buffer == from.buffer) place = {to.buffer, to.offset + place.offset};
      }
      placement_.buffer_sizes[from_index] = 0;
      lifetimes[to_index].last = std::max(lifetimes[to_index].last, lifetimes[from_index].last);
    }
  }

  bool CanShare(const Node& node, size_t input, int index, const std::vector<Lifetime>& lifetimes) {
    const Place in = PlaceOf(node.inputs[input]);
    const Place out = PlaceOf(node.outputs[0]);
    if (in.buffer < 0 || lifetimes[static_cast<size_t>(in.buffer)].last != index) return false;
    // The output must be the whole of its buffer, so that moving it takes nothing else along.
    if (out.offset != 0 ||
        placement_.buffer_sizes[static_cast<size_t>(out.buffer)] !=
            placement_.buffer_sizes[static_cast<size_t>(in.buffer)] ||
        in.offset != 0) {
      return false;
    }
    for (size_t other = 0; other < node.inputs.size(); ++other) {
      if (other == input || node.inputs[other] == kNoTensor) continue;
      if (PlaceOf(node.inputs[other]).buffer == in.buffer) return false;
    }
    return true;
  }

  void LayOutMemory() {
    const std::vector<Lifetime> lifetimes = BufferLifetimes(plan_->graph, placement_);
    std::vector<BufferUse> uses;
    for (size_t i = 0; i < lifetimes.size(); ++i) {
      const bool used = lifetimes[i].first <= lifetimes[i].last;
      uses.push_back(
          used ? BufferUse{lifetimes[i].first, lifetimes[i].last, placement_.buffer_sizes[i]}
               : BufferUse{0, 0, 0});
    }
    scratch_use_.assign(plan_->kernels.size(), 0);
    for (size_t i = 0; i < plan_->kernels.size(); ++i) {
      const Kernel* kernel = plan_->kernels[i].get();
      const size_t bytes = kernel == nullptr ? 0 : kernel->scratch_bytes();
      scratch_use_[i] = uses.size();
      uses.push_back({static_cast<int>(i), static_cast<int>(i), bytes});
    }
    memory_ = PlanMemory(uses, kAlignment);
    plan_->arena_bytes = memory_.size;
  }

  Location Locate(TensorId id) {
    Location location;
    if (id == kNoTensor) return location;
    const Tensor& tensor = plan_->graph.tensor(id);
    if (tensor.is_constant()) {
      location.constant = tensor.data.data();
    } else {
      const Place place = PlaceOf(id);
      location.arena_offset = memory_.offsets[static_cast<size_t>(place.buffer)] + place.offset;
    }
    return location;
  }

  void FillSteps() {
    const Graph& graph = plan_->graph;
    for (TensorId id : graph.inputs) plan_->inputs.push_back(Locate(id));
    for (TensorId id : graph.outputs) plan_->outputs.push_back(Locate(id));
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      if (plan_->kernels[i] == nullptr) continue;
      const Node& node = graph.nodes[i];
      Step step;
      step.kernel = plan_->kernels[i].get();
      for (TensorId id : node.inputs) step.inputs.push_back(Locate(id));
      for (TensorId id : node.outputs) step.outputs.push_back(Locate(id));
      step.scratch_offset = memory_.offsets[scratch_use_[i]];
      step.info = static_cast<int>(i);
      step.copy_input = copy_input_[i];
      if (step.copy_input >= 0) {
        const TensorId id = node.inputs[static_cast<size_t>(step.copy_input)];
        step.copy_bytes = static_cast<size_t>(NumElements(shapes_[static_cast<size_t>(id)])) *
                          SizeOf(graph.tensor(id).type);
      }
      plan_->steps.push_back(std::move(step));
    }
  }

  const PlanEnvironment& environment_;
  std::shared_ptr<Plan> plan_;
  std::vector<Shape> shapes_;
  std::vector<bool> is_own_constant_;  // per tensor before lowering
  std::vector<NodeLayouts> layouts_;
  std::vector<std::vector<PostFunction>> post_;  // per node
  Placement placement_;
  std::vector<int> copy_input_;
  std::vector<size_t> scratch_use_;  // per node, index of its scratch in the memory plan
  MemoryPlan memory_;
};

}  // namespace

StepInfo DescribeNode(const Graph& graph, const Node& node) {
  StepInfo info;
  info.name = node.name;
  info.type = std::string(Name(node.type()));
  info.dtype = std::string(Name(graph.tensor(node.outputs[0]).type));
  for (TensorId id : node.inputs)
    info.inputs.push_back(id == kNoTensor ? "" : graph.tensor(id).name);
  for (TensorId id : node.outputs) info.outputs.push_back(graph.tensor(id).name);
  return info;
}

absl::StatusOr<std::shared_ptr<const Plan>> MakePlan(const Graph& graph,
                                                     absl::Span<const Shape> input_shapes,
                                                     absl::Span<const Constant> input_values,
                                                     const PlanEnvironment& environment) {
  return Planner(graph, environment).Make(input_shapes, input_values);
}

}  // namespace octet
