#include "tools/train/tape.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "runtime/core/memory_plan.h"

namespace octet {
namespace {

size_t BytesOf(int64_t elements) { return static_cast<size_t>(elements) * sizeof(float); }

}  // namespace

Tape::Tape(const TrainingNetwork& network, bool keep_values) : network_(network) {
  const Graph& graph = network_.graph();
  input_index_.assign(network_.tensors_.size(), -1);
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    input_index_[Index(graph.inputs[i])] = static_cast<int>(i);
  }
  const std::vector<TensorId>& given = network_.given_.tensors;
  for (size_t k = 0; k < given.size(); ++k) {
    input_index_[Index(given[k])] = static_cast<int>(graph.inputs.size() + k);
  }
  inputs_.resize(graph.inputs.size() + given.size());
  outputs_.resize(graph.outputs.size());
  Plan(keep_values);
}

// Step i of n runs at time i; losses are computed at time n; step i runs backward at time 2n - i.
void Tape::Plan(bool keep_values) {
  const int n = static_cast<int>(network_.steps_.size());
  const size_t tensors = network_.tensors_.size();
  std::vector<int> producer(tensors, -1), last_use(tensors, -1), last_reader(tensors, -1);
  for (int i = 0; i < n; ++i) {
    const Step& step = network_.steps_[static_cast<size_t>(i)];
    for (const Output& output : step.outputs) {
      const size_t y = Index(output.tensor);
      producer[y] = i;
      last_use[y] =
          std::max(last_use[y], step.op->reads_outputs() || output.separate() ? 2 * n - i : i);
    }
    for (TensorId id : step.inputs) {
      if (id == kNoTensor) continue;
      // The first reader's backward is the last one to run.
      const int until = step.op->reads_inputs() ? 2 * n - i : i;
      last_use[Index(id)] = std::max(last_use[Index(id)], until);
      last_reader[Index(id)] = i;
    }
  }
  for (TensorId id : network_.graph().outputs) {
    last_use[Index(id)] = std::max(last_use[Index(id)], n);
    last_reader[Index(id)] = n;
  }
  std::vector<BufferUse> uses;
  std::vector<size_t*> places;
  const auto place = [&](size_t& offset, int first, int last, int64_t elements) {
    uses.push_back({first, last, BytesOf(elements)});
    places.push_back(&offset);
  };
  value_.assign(tensors, kNowhere);
  before_.assign(tensors, kNowhere);
  gradient_.assign(tensors, kNowhere);
  size_t scratch = 0;
  for (int i = 0; i < n; ++i) {
    const Step& step = network_.steps_[static_cast<size_t>(i)];
    scratch = std::max(scratch, step.op->scratch());
    for (const Output& output : step.outputs) {
      const size_t y = Index(output.tensor);
      const auto& state = network_.tensors_[y];
      place(value_[y], i, keep_values ? 2 * n : last_use[y], state.size);
      if (output.separate()) place(before_[y], i, 2 * n - i, state.size);
      if (!state.needs_gradient) continue;
      place(gradient_[y], std::min(2 * n - last_reader[y], 2 * n - i), 2 * n - i, state.size);
    }
  }
  place(scratch_, 0, 2 * n, static_cast<int64_t>(scratch));
  const MemoryPlan plan = PlanMemory(uses, AlignedBuffer::kAlignment);
  for (size_t i = 0; i < places.size(); ++i) *places[i] = plan.offsets[i];
  arena_size_ = plan.size;
}

absl::Status Tape::TakeInputs(const Sample& sample) {
  const Graph& graph = network_.graph();
  if (sample.size() != graph.inputs.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the sample has ", sample.size(), " arrays for ",
                                                   graph.inputs.size(), " inputs"));
  }
  for (size_t i = 0; i < sample.size(); ++i) {
    const TensorId id = graph.inputs[i];
    const Tensor& t = graph.tensor(id);
    const auto& state = network_.tensors_[Index(id)];
    const Array& array = sample[i];
    if (array.type != t.type || NumElements(array.shape) != state.size) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", t.name, "' is ", Name(array.type), " ", ToString(array.shape),
                       " in this sample; the network is trained with ", state.size, " elements of ",
                       Name(t.type)));
    }
    // Others go to the given part.
    if (t.type != DataType::kF32 && !t.quant) continue;
    std::vector<float>& values = inputs_[i];
    values.resize(static_cast<size_t>(state.size));
    if (t.type == DataType::kF32) {
      std::copy_n(array.as<float>().data(), values.size(), values.data());
      continue;
    }
    const int32_t zero = t.quant->zero_point();
    for (size_t k = 0; k < values.size(); ++k) {
      const int32_t q = t.type == DataType::kU8   ? array.as<uint8_t>()[k]
                        : t.type == DataType::kS8 ? array.as<int8_t>()[k]
                                                  : array.as<int16_t>()[k];
      values[k] = static_cast<float>(q - zero);
    }
  }
  return ComputeGiven(sample);
}

absl::Status Tape::ComputeGiven(const Sample& sample) {
  if (network_.given_.model == nullptr) return absl::OkStatus();
  if (given_ == nullptr) {
    absl::StatusOr<std::unique_ptr<GivenValues>> given =
        GivenValues::Create(network_.given_, network_.input_shapes());
    if (!given.ok()) return given.status();
    given_ = *std::move(given);
  }
  return given_->Compute(sample, absl::MakeSpan(inputs_).subspan(network_.graph().inputs.size()));
}

float Tape::ScaleOf(TensorId id) const {
  const int q = network_.tensors_[Index(id)].quantizer;
  return q < 0 ? 0.0f : network_.quantizers_[static_cast<size_t>(q)].scale;
}

TrainValue Tape::ValueOf(TensorId id) const {
  TrainValue v;
  if (id == kNoTensor) return v;
  const auto& state = network_.tensors_[Index(id)];
  if (state.weights >= 0) {
    return network_.weights_[static_cast<size_t>(state.weights)].value(network_.parameters_);
  }
  if (state.bias >= 0) return network_.biases_[static_cast<size_t>(state.bias)].bias.value();
  if (state.quantizer >= 0) {
    const ActivationQuantizer& q = network_.quantizers_[static_cast<size_t>(state.quantizer)];
    v.scales = absl::MakeConstSpan(&q.scale, 1);
    v.zero_point = q.zero_point;
  }
  if (state.is_constant) {
    v.data = state.constant.data();
  } else if (input_index_[Index(id)] >= 0) {
    v.data = inputs_[static_cast<size_t>(input_index_[Index(id)])].data();
  } else {
    v.data = At(value_[Index(id)]);
  }
  return v;
}

absl::Span<const float> Tape::Before(TensorId id) const {
  return {At(before_[Index(id)]), static_cast<size_t>(network_.tensors_[Index(id)].size)};
}

Clamp Tape::ClampOf(const Output& output) const {
  const int index = network_.tensors_[Index(output.tensor)].quantizer;
  const ActivationQuantizer& q = network_.quantizers_[static_cast<size_t>(index)];
  return ClampFor(q.grid(), output.min, output.max, q.scale);
}

void Tape::Finish(const Output& output) {
  if (!output.separate()) return;
  const absl::Span<const float> before = Before(output.tensor);
  float* value = At(value_[Index(output.tensor)]);
  if (output.rounds) {
    const Clamp clamp = ClampOf(output);
    RoundToGrid(before, clamp.low, clamp.high, value);
    return;
  }
  for (size_t i = 0; i < before.size(); ++i) {
    value[i] = std::min(std::max(before[i], output.min), output.max);
  }
}

absl::Status Tape::Forward(const Sample& sample) {
  if (arena_.data() == nullptr && !arena_.TryAllocate(arena_size_)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", arena_size_, " bytes of values and gradients of a sample"));
  }
  if (absl::Status status = TakeInputs(sample); !status.ok()) return status;
  std::vector<TrainValue> inputs;
  std::vector<float*> outputs;
  std::vector<float> scales;
  for (const Step& step : network_.steps_) {
    inputs.clear();
    outputs.clear();
    scales.clear();
    for (TensorId id : step.inputs) inputs.push_back(ValueOf(id));
    for (const Output& output : step.outputs) {
      const size_t y = Index(output.tensor);
      outputs.push_back(At(output.separate() ? before_[y] : value_[y]));
      scales.push_back(ScaleOf(output.tensor));
    }
    step.op->Forward({inputs, outputs, scales, At(scratch_)});
    for (const Output& output : step.outputs) Finish(output);
  }
  for (size_t i = 0; i < outputs_.size(); ++i) outputs_[i] = Values(network_.graph().outputs[i]);
  return absl::OkStatus();
}

bool Tape::has(TensorId id) const {
  return value_[Index(id)] != kNowhere || input_index_[Index(id)] >= 0 ||
         network_.tensors_[Index(id)].is_constant;
}

std::vector<float> Tape::Values(TensorId id) const {
  const TrainValue v = ValueOf(id);
  const auto size = static_cast<size_t>(network_.tensors_[Index(id)].size);
  std::vector<float> real(size);
  for (size_t i = 0; i < size; ++i) real[i] = v.scale() * v.data[i];
  return real;
}

float* Tape::GradientOf(TensorId id, Gradients& gradients) {
  if (id == kNoTensor) return nullptr;
  const auto& state = network_.tensors_[Index(id)];
  if (state.weights >= 0) {
    const int p = network_.weights_[static_cast<size_t>(state.weights)].parameter();
    return gradients.of[static_cast<size_t>(p)].data();
  }
  if (state.bias >= 0) {
    const int p = network_.biases_[static_cast<size_t>(state.bias)].bias.parameter();
    return gradients.of[static_cast<size_t>(p)].data();
  }
  if (gradient_[Index(id)] == kNowhere) return nullptr;
  float* gradient = At(gradient_[Index(id)]);
  if (!started_[Index(id)]) std::fill_n(gradient, state.size, 0.0f);
  started_[Index(id)] = true;
  return gradient;
}

void Tape::BackThrough(const Output& output, Gradients& gradients) {
  if (!output.separate()) return;
  float* gradient = At(gradient_[Index(output.tensor)]);
  const absl::Span<const float> before = Before(output.tensor);
  if (!output.rounds) return BackThroughClamp(before, output.min, output.max, gradient);
  const float* value = At(value_[Index(output.tensor)]);
  const double slope = BackThroughRounding(before, absl::MakeConstSpan(value, before.size()),
                                           ClampOf(output), gradient);
  const int index = network_.tensors_[Index(output.tensor)].quantizer;
  const ActivationQuantizer& q = network_.quantizers_[static_cast<size_t>(index)];
  if (q.parameter < 0) return;
  // The derivative by the logarithm of the scale is that by the scale times the scale.
  const double factor = ScaleGradientFactor(q.elements, q.grid()) * static_cast<double>(q.scale);
  gradients.of[static_cast<size_t>(q.parameter)][0] += static_cast<float>(slope * factor);
}

void Tape::Backward(absl::Span<const std::vector<float>> output_gradients, Gradients& gradients) {
  started_.assign(network_.tensors_.size(), false);
  const std::vector<TensorId>& graph_outputs = network_.graph().outputs;
  for (size_t i = 0; i < graph_outputs.size(); ++i) {
    float* gradient = GradientOf(graph_outputs[i], gradients);
    if (gradient == nullptr) continue;
    for (size_t k = 0; k < output_gradients[i].size(); ++k) gradient[k] += output_gradients[i][k];
  }
  std::vector<TrainValue> inputs, outputs;
  std::vector<const float*> from;
  std::vector<float*> to;
  for (auto step = network_.steps_.rbegin(); step != network_.steps_.rend(); ++step) {
    inputs.clear();
    outputs.clear();
    from.clear();
    to.clear();
    bool any = false;
    for (const Output& output : step->outputs) {
      const float* gradient = GradientOf(output.tensor, gradients);
      if (gradient != nullptr) BackThrough(output, gradients);
      from.push_back(gradient);
      any = any || gradient != nullptr;
      outputs.push_back(ValueOf(output.tensor));
    }
    if (!any) continue;
    any = false;
    for (TensorId id : step->inputs) {
      to.push_back(GradientOf(id, gradients));
      any = any || to.back() != nullptr;
      inputs.push_back(ValueOf(id));
    }
    if (any) step->op->Backward({inputs, outputs, from, to, At(scratch_)});
  }
}

void Tape::Observe(ObservedRanges& observed) const {
  for (const Step& step : network_.steps_) {
    for (const Output& output : step.outputs) {
      if (!output.rounds) continue;
      const auto q = static_cast<size_t>(network_.tensors_[Index(output.tensor)].quantizer);
      const float scale = network_.quantizers_[q].scale;
      const absl::Span<const float> before = Before(output.tensor);
      if (before.empty()) continue;
      const auto [low, high] = std::minmax_element(before.begin(), before.end());
      const auto real = [&](float units) {
        return std::min(std::max(units * scale, output.min), output.max);
      };
      const Range range{real(*low), real(*high), network_.quantizers_[q].symmetric};
      observed.of[q] = observed.seen[q] ? Union(observed.of[q], range) : range;
      observed.seen[q] = true;
    }
  }
}

}  // namespace octet
