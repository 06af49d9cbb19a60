#include "runtime/program_runner.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

absl::Status InOperator(const absl::Status& status, const Node& node) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("operator '", node.name, "' (", Name(node.type()),
                                                  "): ", status.message()));
}

size_t Bytes(const Graph& graph, TensorId id, const Shape& shape) {
  return static_cast<size_t>(NumElements(shape)) * SizeOf(graph.tensor(id).type);
}

absl::Status NoMemory() {
  return absl::ResourceExhaustedError("there is no memory for its results");
}

// The one element of a tensor.
template <typename T>
absl::StatusOr<T> ReadOne(const TensorRef& tensor, const char* what) {
  if (NumElements(tensor.shape) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is ", ToString(tensor.shape), ", not one element"));
  }
  T value;
  std::memcpy(&value, tensor.data, sizeof(value));
  return value;
}

// A tensor whose shape may change from run to run.
struct OwnedTensor {
  Shape shape;
  AlignedBuffer bytes;

  bool Resize(const Shape& new_shape, size_t size) {
    if (size > bytes.size() || bytes.data() == nullptr) {
      if (!bytes.TryAllocate(size)) return false;
    }
    shape = new_shape;
    return true;
  }
  bool Assign(const TensorRef& from, size_t size) {
    if (!Resize(from.shape, size)) return false;
    if (size > 0) std::memcpy(bytes.data(), from.data, size);
    return true;
  }
  TensorRef ref() const { return {shape, bytes.data()}; }
};

// The results of all rounds of a loop, one behind the other.
struct Stacked {
  Shape element;
  int64_t rounds = 0;
  std::vector<uint8_t> bytes;

  absl::Status Append(const TensorRef& result, size_t size) {
    if (rounds > 0 && result.shape != element) {
      return absl::InvalidArgumentError(absl::StrCat("a result is ", ToString(result.shape),
                                                     " in round ", rounds, ", but ",
                                                     ToString(element), " before"));
    }
    element = result.shape;
    const auto* begin = static_cast<const uint8_t*>(result.data);
    bytes.insert(bytes.end(), begin, begin + size);
    ++rounds;
    return absl::OkStatus();
  }
};

}  // namespace

struct ProgramRunner::StageState {
  std::unique_ptr<BoundPlan> bound;                         // of a planned stage
  std::vector<OwnedTensor> results;                         // of an operator with open results
  std::vector<std::unique_ptr<ProgramRunner>> sub_runners;  // made when first used
};

ProgramRunner::ProgramRunner(const Program& program, ThreadPool* pool)
    : program_(program), pool_(pool), tensors_(program.graph().tensors.size()) {
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Tensor& tensor = program.graph().tensors[i];
    if (tensor.is_constant()) tensors_[i] = {tensor.shape, tensor.data.data()};
  }
  for (const Stage& stage : program.stages()) {
    states_.push_back(std::make_unique<StageState>());
    if (stage.open != nullptr) states_.back()->results.resize(stage.outputs.size());
    states_.back()->sub_runners.resize(stage.subprograms.size());
  }
}

ProgramRunner::~ProgramRunner() = default;

absl::Status ProgramRunner::Run(absl::Span<const TensorRef> inputs) {
  return RunProfiled(inputs, {});
}

absl::Status ProgramRunner::RunProfiled(absl::Span<const TensorRef> inputs,
                                        absl::Span<int64_t> ns) {
  const std::vector<TensorId>& ids = program_.graph().inputs;
  for (size_t i = 0; i < ids.size(); ++i) Ref(ids[i]) = inputs[i];
  size_t step = 0;
  for (size_t i = 0; i < states_.size(); ++i) {
    StageState& state = *states_[i];
    const Stage& stage = program_.stages()[i];
    if (stage.open == nullptr) {
      if (absl::Status status = Plan(stage, state); !status.ok()) return status;
    }
    const size_t steps = stage.open != nullptr ? 1 : state.bound->plan().infos.size();
    if (!ns.empty() && step + steps > ns.size()) {
      return absl::InvalidArgumentError("this run has more steps than the last one");
    }
    absl::Status status = RunStage(i, ns.empty() ? ns : ns.subspan(step, steps));
    if (!status.ok()) return status;
    step += steps;
  }
  return absl::OkStatus();
}

absl::Status ProgramRunner::RunStage(size_t index, absl::Span<int64_t> ns) {
  const Stage& stage = program_.stages()[index];
  StageState& state = *states_[index];
  if (stage.open == nullptr) return RunPlanned(stage, state, ns);
  const Clock::time_point start = Clock::now();
  absl::Status status;
  switch (stage.open->type()) {
    case OpType::IfOptions:
      status = RunIf(stage, state);
      break;
    case OpType::LoopOptions:
      status = RunLoop(stage, state);
      break;
    default:
      status = RunOpen(stage, state);
  }
  if (!ns.empty()) {
    ns[0] += std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
  }
  return InOperator(status, *stage.open);
}

// Makes the stage's plan that of its inputs' present shapes and values, and copies the inputs in.
absl::Status ProgramRunner::Plan(const Stage& stage, StageState& state) {
  std::vector<Shape> shapes;
  std::vector<Constant> values;
  for (size_t i = 0; i < stage.inputs.size(); ++i) {
    const TensorRef& ref = Ref(stage.inputs[i]);
    shapes.push_back(ref.shape);
    values.push_back(stage.input_is_value[i]
                         ? Constant::Borrow(static_cast<const uint8_t*>(ref.data),
                                            Bytes(program_.graph(), stage.inputs[i], ref.shape),
                                            nullptr)
                         : Constant());
  }
  auto plan = stage.plans->Get(shapes, values);
  if (!plan.ok()) return plan.status();
  // Inputs may lie in the memory of the plan that is replaced.
  const std::unique_ptr<BoundPlan> previous =
      state.bound == nullptr || plan->get() == &state.bound->plan() ? nullptr
                                                                    : std::move(state.bound);
  if (state.bound == nullptr) {
    auto bound = BoundPlan::Create(*std::move(plan), pool_);
    if (!bound.ok()) return bound.status();
    state.bound = *std::move(bound);
  }
  for (size_t i = 0; i < stage.inputs.size(); ++i) {
    const TensorRef& ref = Ref(stage.inputs[i]);
    const size_t bytes = Bytes(program_.graph(), stage.inputs[i], ref.shape);
    if (bytes > 0) std::memcpy(state.bound->input(i), ref.data, bytes);
  }
  return absl::OkStatus();
}

absl::Status ProgramRunner::RunPlanned(const Stage& stage, StageState& state,
                                       absl::Span<int64_t> ns) {
  absl::Status status = ns.empty() ? state.bound->Run() : state.bound->RunProfiled(ns);
  if (!status.ok()) return status;
  for (size_t i = 0; i < stage.outputs.size(); ++i) {
    Ref(stage.outputs[i]) = {state.bound->plan().output_shapes[i], state.bound->output(i)};
  }
  return absl::OkStatus();
}

absl::Status ProgramRunner::RunOpen(const Stage& stage, StageState& state) {
  class Results : public OpenResults {
   public:
    Results(const Graph& graph, const Stage& stage, std::vector<OwnedTensor>& tensors)
        : graph_(graph), stage_(stage), tensors_(tensors) {}
    void* Allocate(size_t index, const Shape& shape) override {
      if (!CheckShape(shape, false).ok()) return nullptr;
      OwnedTensor& tensor = tensors_[index];
      const size_t bytes = Bytes(graph_, stage_.outputs[index], shape);
      return tensor.Resize(shape, bytes) ? tensor.bytes.data() : nullptr;
    }

   private:
    const Graph& graph_;
    const Stage& stage_;
    std::vector<OwnedTensor>& tensors_;
  };

  std::vector<OpenOperand> operands;
  for (TensorId id : stage.inputs) {
    if (id == kNoTensor) {
      operands.emplace_back();
    } else {
      operands.push_back({program_.graph().tensor(id).type, Ref(id).shape, Ref(id).data});
    }
  }
  Results results(program_.graph(), stage, state.results);
  absl::Status status = RunOpenOperator(*stage.open, operands, results);
  if (!status.ok()) return status;
  for (size_t i = 0; i < stage.outputs.size(); ++i) Ref(stage.outputs[i]) = state.results[i].ref();
  return absl::OkStatus();
}

ProgramRunner& ProgramRunner::SubRunner(const Stage& stage, StageState& state, size_t index) {
  std::unique_ptr<ProgramRunner>& runner = state.sub_runners[index];
  if (runner == nullptr) {
    runner = std::make_unique<ProgramRunner>(*stage.subprograms[index], pool_);
  }
  return *runner;
}

absl::Status ProgramRunner::RunIf(const Stage& stage, StageState& state) {
  const absl::StatusOr<bool> condition = ReadOne<bool>(Ref(stage.inputs[0]), "the condition");
  if (!condition.ok()) return condition.status();
  std::vector<TensorRef> captured;
  for (size_t i = 1; i < stage.inputs.size(); ++i) captured.push_back(Ref(stage.inputs[i]));
  ProgramRunner& branch = SubRunner(stage, state, *condition ? 0 : 1);
  if (absl::Status status = branch.Run(captured); !status.ok()) return status;
  for (size_t i = 0; i < stage.outputs.size(); ++i) Ref(stage.outputs[i]) = branch.output(i);
  return absl::OkStatus();
}

absl::Status ProgramRunner::RunLoop(const Stage& stage, StageState& state) {
  const auto carried = static_cast<size_t>(stage.open->as<schema::LoopOptionsT>().carried);
  const absl::StatusOr<int64_t> rounds = ReadOne<int64_t>(Ref(stage.inputs[0]), "rounds");
  absl::StatusOr<bool> condition = ReadOne<bool>(Ref(stage.inputs[1]), "the condition");
  if (!rounds.ok()) return rounds.status();
  if (!condition.ok()) return condition.status();

  ProgramRunner& body = SubRunner(stage, state, 0);
  const Graph& inner = stage.subprograms[0]->graph();
  int64_t round = 0;
  bool keep_going = *condition;
  std::vector<TensorRef> inputs = {{{}, &round}, {{}, &keep_going}};
  for (size_t i = 2; i < stage.inputs.size(); ++i) inputs.push_back(Ref(stage.inputs[i]));
  // Carried tensors are copied: the body overwrites its own while it may still read them.
  for (size_t i = 0; i < carried; ++i) {
    const size_t bytes = Bytes(inner, inner.inputs[2 + i], inputs[2 + i].shape);
    if (!state.results[i].Assign(inputs[2 + i], bytes)) return NoMemory();
    inputs[2 + i] = state.results[i].ref();
  }
  std::vector<Stacked> stacked(stage.outputs.size() - carried);
  for (; keep_going && round < *rounds; ++round) {
    if (absl::Status status = body.Run(inputs); !status.ok()) return status;
    condition = ReadOne<bool>(body.output(0), "the condition");
    if (!condition.ok()) return condition.status();
    keep_going = *condition;
    for (size_t i = 0; i < carried; ++i) {
      const TensorRef& next = body.output(1 + i);
      if (!state.results[i].Assign(next, Bytes(inner, inner.outputs[1 + i], next.shape))) {
        return NoMemory();
      }
      inputs[2 + i] = state.results[i].ref();
    }
    for (size_t i = 0; i < stacked.size(); ++i) {
      const TensorRef& result = body.output(1 + carried + i);
      const size_t bytes = Bytes(inner, inner.outputs[1 + carried + i], result.shape);
      if (absl::Status status = stacked[i].Append(result, bytes); !status.ok()) return status;
    }
  }
  for (size_t i = 0; i < stage.outputs.size(); ++i) {
    OwnedTensor& result = state.results[i];
    if (i >= carried) {
      Stacked& all = stacked[i - carried];
      if (all.rounds == 0) {
        // What no round has told the body's declaration does.
        all.element = inner.tensor(inner.outputs[1 + i]).shape;
        for (int64_t& size : all.element) size = std::max<int64_t>(size, 0);
      }
      Shape shape = all.element;
      shape.insert(shape.begin(), all.rounds);
      if (!result.Assign({shape, all.bytes.data()}, all.bytes.size())) return NoMemory();
    }
    Ref(stage.outputs[i]) = result.ref();
  }
  return absl::OkStatus();
}

const TensorRef& ProgramRunner::output(size_t i) const {
  return tensors_[static_cast<size_t>(program_.graph().outputs[i])];
}

std::vector<StepInfo> ProgramRunner::Steps() const {
  std::vector<StepInfo> steps;
  for (size_t i = 0; i < states_.size(); ++i) {
    const Stage& stage = program_.stages()[i];
    if (stage.open != nullptr) {
      steps.push_back(DescribeNode(program_.graph(), *stage.open));
      steps.back().kernel = "open";
    } else if (states_[i]->bound != nullptr) {
      const std::vector<StepInfo>& infos = states_[i]->bound->plan().infos;
      steps.insert(steps.end(), infos.begin(), infos.end());
    } else {
      for (const Node& node : stage.graph->nodes) {
        steps.push_back(DescribeNode(*stage.graph, node));
        steps.back().reason = "planned when the sizes before it are known";
      }
    }
  }
  return steps;
}

size_t ProgramRunner::arena_bytes() const {
  size_t bytes = 0;
  for (const std::unique_ptr<StageState>& state : states_) {
    if (state->bound != nullptr) bytes += state->bound->plan().arena_bytes;
    for (const OwnedTensor& result : state->results) bytes += result.bytes.size();
    for (const std::unique_ptr<ProgramRunner>& runner : state->sub_runners) {
      if (runner != nullptr) bytes += runner->arena_bytes();
    }
  }
  return bytes;
}

}  // namespace octet
