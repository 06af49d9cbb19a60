#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "runtime/model_internal.h"
#include "tools/train/op.h"

// Operators that only move elements: reshape, transpose, concat, split, pad, slice, gather by
// constant indices, expand, tile, space and depth. Where each element of the result comes from is
// found out by running the operator itself, once, on integers that number the elements. So there is
// one forward and one backward for all of them: copy, and add back.

namespace octet {
namespace {

// Elements [to, to + count) of an output are elements [from, from + count) of an input.
struct Run {
  static constexpr int kNothing = -1;  // no input: padding

  int output;
  int input;
  int64_t to, from, count;
};

bool CarriesElements(const OpContext& context, size_t input) {
  return context.has_input(input) && (input == 0 || context.node.type() == OpType::ConcatOptions);
}

class Movement final : public TrainOp {
 public:
  Movement(std::vector<Run> runs, float fill) : runs_(std::move(runs)), fill_(fill) {}

  bool reads_inputs() const override { return false; }
  bool moves() const override { return true; }

  void Forward(const ForwardArgs& args) const override {
    for (const Run& run : runs_) {
      const float y_scale = args.output_scales[static_cast<size_t>(run.output)];
      float* y = args.outputs[static_cast<size_t>(run.output)] + run.to;
      if (run.input == Run::kNothing) {
        const float value = y_scale == 0 ? fill_ : std::nearbyint(fill_ / y_scale);
        std::fill_n(y, run.count, value);
        continue;
      }
      const TrainValue& x = args.inputs[static_cast<size_t>(run.input)];
      const float* from = x.data + run.from;
      const float unit = y_scale == 0 ? 1.0f : y_scale;
      if (x.scale() == unit) {
        std::copy_n(from, run.count, y);
      } else {
        for (int64_t i = 0; i < run.count; ++i) y[i] = x.scale() * from[i] / unit;
      }
    }
  }

  void Backward(const BackwardArgs& args) const override {
    for (const Run& run : runs_) {
      if (run.input == Run::kNothing) continue;
      float* gx = args.input_gradients[static_cast<size_t>(run.input)];
      const float* g = args.output_gradients[static_cast<size_t>(run.output)];
      if (gx == nullptr || g == nullptr) continue;
      for (int64_t i = 0; i < run.count; ++i) gx[run.from + i] += g[run.to + i];
    }
  }

 private:
  const std::vector<Run> runs_;
  const float fill_;
};

// The operator alone, on s32.
Graph NumberingGraph(const OpContext& context) {
  Graph graph;
  Node node = context.node;
  if (node.type() == OpType::PadOptions) {
    node.as<schema::PadOptionsT>().value = 0;
    node.inputs.resize(1);
  }
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!context.has_input(i)) continue;
    Tensor t = context.input(i);
    t.name = absl::StrCat("x", i);
    t.shape = context.inputs[i];
    t.symbols.clear();
    if (CarriesElements(context, i)) {
      t.type = DataType::kS32;
      t.quant.reset();
      t.data = Constant();
    }
    const TensorId id = graph.AddTensor(std::move(t));
    node.inputs[i] = id;
    if (CarriesElements(context, i)) graph.inputs.push_back(id);
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    Tensor t;
    t.name = absl::StrCat("y", i);
    t.type = DataType::kS32;
    t.shape = context.outputs[i];
    node.outputs[i] = graph.AddTensor(std::move(t));
    graph.outputs.push_back(node.outputs[i]);
  }
  graph.nodes.push_back(std::move(node));
  return graph;
}

// Runs from the numbers that one output holds; `bases` has the number before each input's first.
void AppendRuns(absl::Span<const int32_t> numbers, int output, const std::vector<int>& inputs,
                const std::vector<int64_t>& bases, std::vector<Run>& runs) {
  const size_t first = runs.size();
  for (size_t i = 0; i < numbers.size(); ++i) {
    Run run{output, Run::kNothing, static_cast<int64_t>(i), 0, 1};
    if (numbers[i] > 0) {
      size_t k = inputs.size() - 1;
      while (numbers[i] <= bases[k]) --k;
      run.input = inputs[k];
      run.from = numbers[i] - bases[k] - 1;
    }
    if (runs.size() > first) {
      Run& last = runs.back();
      const bool goes_on = last.input == run.input &&
                           (run.input == Run::kNothing || last.from + last.count == run.from);
      if (goes_on) {
        ++last.count;
        continue;
      }
    }
    runs.push_back(run);
  }
}

absl::StatusOr<float> PadValue(const OpContext& context) {
  if (context.node.type() != OpType::PadOptions) return 0.0f;
  for (size_t i = 1; i < context.node.inputs.size(); ++i) {
    if (!context.has_input(i)) continue;
    const Tensor& value = context.input(i);
    if (!value.is_constant() || value.type != DataType::kF32) {
      return absl::UnimplementedError("the value to pad with must be a constant real number");
    }
    return value.data.as<float>()[0];
  }
  return context.node.as<schema::PadOptionsT>().value;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeMovement(const OpContext& context) {
  const absl::StatusOr<float> fill = PadValue(context);
  if (!fill.ok()) return fill.status();
  std::vector<int> inputs;
  std::vector<int64_t> bases;
  int64_t numbers = 0;
  for (size_t i = 0; i < context.node.inputs.size(); ++i) {
    if (!CarriesElements(context, i)) {
      if (!context.has_input(i) || context.input(i).is_constant()) continue;
      return absl::UnimplementedError("what it moves depends on elements");
    }
    inputs.push_back(static_cast<int>(i));
    bases.push_back(numbers);
    numbers += NumElements(context.inputs[i]);
  }
  if (numbers > INT32_MAX) return absl::UnimplementedError("it moves more than 2^31 elements");
  ModelOptions options;
  options.pool = ThreadPool::Create(1);
  absl::StatusOr<std::shared_ptr<const Model>> model =
      ModelFromGraph(NumberingGraph(context), options);
  if (!model.ok()) return model.status();
  absl::StatusOr<std::unique_ptr<Session>> session = (*model)->NewSession();
  if (!session.ok()) return session.status();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const absl::Span<int32_t> x = (*session)->input<int32_t>(static_cast<int>(i));
    std::iota(x.begin(), x.end(), static_cast<int32_t>(bases[i] + 1));
  }
  if (absl::Status status = (*session)->Run(); !status.ok()) return status;
  std::vector<Run> runs;
  for (size_t o = 0; o < context.outputs.size(); ++o) {
    const int output = static_cast<int>(o);
    AppendRuns((*session)->output<int32_t>(output), output, inputs, bases, runs);
  }
  return std::make_unique<Movement>(std::move(runs), *fill);
}

}  // namespace octet
