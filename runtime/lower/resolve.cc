#include "runtime/lower/resolve.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/core/bind.h"
#include "runtime/core/infer.h"
#include "runtime/core/operators.h"
#include "runtime/lower/select.h"

namespace octet {
namespace {

// Runs one operator by itself on known elements, all in plain layout.
class Evaluator {
 public:
  explicit Evaluator(const ResolveEnvironment& environment)
      : environment_(environment), packed_(NewPackedWeights()) {}

  absl::StatusOr<std::vector<Constant>> Run(const Graph& graph, const Node& node,
                                            absl::Span<const Constant* const> inputs,
                                            absl::Span<const Shape> input_shapes,
                                            absl::Span<const Shape> output_shapes) {
    std::vector<Operand> in, out;
    std::vector<const void*> in_pointers;
    for (size_t i = 0; i < inputs.size(); ++i) {
      Operand operand;
      if (inputs[i] != nullptr) {
        operand = OperandOf(graph, node.inputs[i], input_shapes[i]);
        operand.data = inputs[i]->data();
      }
      in.push_back(operand);
      in_pointers.push_back(operand.data);
    }
    std::vector<AlignedBuffer> buffers(node.outputs.size());
    std::vector<void*> out_pointers;
    for (size_t i = 0; i < buffers.size(); ++i) {
      out.push_back(OperandOf(graph, node.outputs[i], output_shapes[i]));
      if (!buffers[i].TryAllocate(Bytes(out.back()))) return NoMemory();
      out_pointers.push_back(buffers[i].data());
    }
    KernelContext context;
    context.node = &node;
    context.inputs = in;
    context.outputs = out;
    context.cpu = environment_.cpu;
    context.pool = environment_.pool;
    context.packed = packed_.get();
    absl::StatusOr<Selected> selected = SelectKernel(context);
    if (!selected.ok()) return selected.status();
    const Kernel& kernel = *selected->kernel;
    if (kernel.in_place_input() >= 0) {
      const auto source = static_cast<size_t>(kernel.in_place_input());
      std::memcpy(out_pointers[0], in_pointers[source], Bytes(out[0]));
    }
    AlignedBuffer scratch;
    if (!scratch.TryAllocate(kernel.scratch_bytes())) return NoMemory();
    RunError error;
    kernel.Run(
        {in_pointers.data(), out_pointers.data(), scratch.data(), environment_.pool, &error});
    if (error.is_set()) return error.Take();
    std::vector<Constant> results;
    for (size_t i = 0; i < buffers.size(); ++i) {
      const auto owner = std::make_shared<AlignedBuffer>(std::move(buffers[i]));
      results.push_back(Constant::Borrow(owner->data(), Bytes(out[i]), owner));
    }
    return results;
  }

 private:
  static Operand OperandOf(const Graph& graph, TensorId id, const Shape& shape) {
    Operand operand;
    const Tensor& tensor = graph.tensor(id);
    operand.type = tensor.type;
    operand.shape = shape;
    operand.quant = tensor.quant ? &*tensor.quant : nullptr;
    return operand;
  }
  static size_t Bytes(const Operand& operand) {
    return static_cast<size_t>(NumElements(operand.shape)) * SizeOf(operand.type);
  }
  static absl::Status NoMemory() {
    return absl::ResourceExhaustedError("no memory for numbers that decide shapes");
  }

  const ResolveEnvironment& environment_;
  std::unique_ptr<PackedWeights> packed_;
};

class Resolver {
 public:
  Resolver(Graph& graph, const ResolveEnvironment& environment)
      : graph_(graph),
        evaluator_(environment),
        needed_(NeededValues(graph)),
        shapes_(graph.tensors.size()),
        values_(graph.tensors.size()) {}

  absl::StatusOr<std::vector<Shape>> Run(absl::Span<const Shape> input_shapes,
                                         absl::Span<const Constant> input_values) {
    for (size_t i = 0; i < graph_.tensors.size(); ++i) {
      if (!graph_.tensors[i].is_constant()) continue;
      shapes_[i] = graph_.tensors[i].shape;
      values_[i] = graph_.tensors[i].data;
    }
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      const auto id = static_cast<size_t>(graph_.inputs[i]);
      shapes_[id] = input_shapes[i];
      if (i < input_values.size()) values_[id] = input_values[i];
    }
    std::vector<Node> kept;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      Node& node = graph_.nodes[i];
      absl::StatusOr<bool> known = Visit(node);
      if (!known.ok()) {
        return absl::Status(known.status().code(),
                            absl::StrCat("operator '", node.name, "' (", Name(node.type()),
                                         ", number ", i, "): ", known.status().message()));
      }
      if (!*known) kept.push_back(std::move(node));
    }
    graph_.nodes = std::move(kept);
    return std::move(shapes_);
  }

 private:
  // Gives the node's outputs their shapes, and elements where these are needed. Returns whether all
  // outputs have become constants.
  absl::StatusOr<bool> Visit(Node& node) {
    if (absl::Status status = CheckArity(node); !status.ok()) return status;
    if (absl::Status status = Bind(node); !status.ok()) return status;
    std::vector<Shape> input_shapes;
    std::vector<const Constant*> inputs;
    bool known = true;
    for (TensorId id : node.inputs) {
      const bool present = id != kNoTensor;
      input_shapes.push_back(present ? shapes_[static_cast<size_t>(id)] : Shape());
      inputs.push_back(present ? &values_[static_cast<size_t>(id)] : nullptr);
      known = known && (!present || values_[static_cast<size_t>(id)]);
    }
    absl::StatusOr<std::vector<Shape>> outputs = InferShapes(node, input_shapes);
    if (!outputs.ok()) return outputs.status();
    for (size_t i = 0; i < outputs->size(); ++i) {
      shapes_[static_cast<size_t>(node.outputs[i])] = (*outputs)[i];
    }
    const bool wanted = std::any_of(node.outputs.begin(), node.outputs.end(),
                                    [&](TensorId id) { return needed_[static_cast<size_t>(id)]; });
    const bool from_shape = node.type() == OpType::ShapeOfOptions;
    if (!wanted || !(known || from_shape)) return false;
    if (from_shape) {
      SetValue(node.outputs[0], DimensionsOf(node, input_shapes[0]));
      return true;
    }
    auto results = evaluator_.Run(graph_, node, inputs, input_shapes, *outputs);
    if (!results.ok()) return results.status();
    for (size_t i = 0; i < results->size(); ++i) {
      SetValue(node.outputs[i], std::move((*results)[i]));
    }
    return true;
  }

  static Constant DimensionsOf(const Node& node, const Shape& x) {
    const auto& options = node.as<schema::ShapeOfOptionsT>();
    return Constant::Of(absl::MakeConstSpan(x).subspan(
        static_cast<size_t>(options.start), static_cast<size_t>(options.end - options.start)));
  }

  void SetValue(TensorId id, Constant value) {
    Tensor& tensor = graph_.tensor(id);
    tensor.shape = shapes_[static_cast<size_t>(id)];
    tensor.symbols.clear();
    tensor.data = value;
    values_[static_cast<size_t>(id)] = std::move(value);
  }

  absl::Status Bind(Node& node) {
    if (IsBound(node)) return absl::OkStatus();
    std::vector<Tensor> constants(node.inputs.size());
    std::vector<const Tensor*> pointers;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      pointers.push_back(&constants[i]);
      const TensorId id = node.inputs[i];
      if (id == kNoTensor || !IsValueInput(node.type(), i)) continue;
      const Constant& value = values_[static_cast<size_t>(id)];
      if (!value) {
        return absl::InvalidArgumentError(
            absl::StrCat(InputName(node.type(), i), ", '", graph_.tensor(id).name,
                         "', must be known before the operator is planned"));
      }
      constants[i].type = graph_.tensor(id).type;
      constants[i].shape = shapes_[static_cast<size_t>(id)];
      constants[i].data = value;
    }
    const TensorId x = node.input(0);
    return BindValues(node, pointers, x == kNoTensor ? Shape() : shapes_[static_cast<size_t>(x)]);
  }

  Graph& graph_;
  Evaluator evaluator_;
  const std::vector<bool> needed_;
  std::vector<Shape> shapes_;
  std::vector<Constant> values_;  // absent: not known
};

}  // namespace

std::vector<bool> NeededValues(const Graph& graph) {
  std::vector<bool> needed(graph.tensors.size(), false);
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    const bool all = node.type() != OpType::ShapeOfOptions &&
                     std::any_of(node.outputs.begin(), node.outputs.end(),
                                 [&](TensorId id) { return needed[static_cast<size_t>(id)]; });
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (node.inputs[k] == kNoTensor) continue;
      if (all || IsValueInput(node.type(), k)) needed[static_cast<size_t>(node.inputs[k])] = true;
    }
  }
  return needed;
}

absl::StatusOr<std::vector<Shape>> ResolveValues(Graph& graph, absl::Span<const Shape> input_shapes,
                                                 absl::Span<const Constant> input_values,
                                                 const ResolveEnvironment& environment) {
  return Resolver(graph, environment).Run(input_shapes, input_values);
}

}  // namespace octet
