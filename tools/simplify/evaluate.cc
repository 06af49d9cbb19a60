#include "tools/simplify/evaluate.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/kernel.h"
#include "octet/thread_pool.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/core/bind.h"
#include "runtime/core/infer.h"
#include "tools/simplify/constants.h"

namespace octet {
namespace {

// Operands of one run: inputs as kernels take them, and room for outputs.
class Evaluation {
 public:
  absl::Status AddInputs(absl::Span<const Tensor* const> inputs) {
    constants_.reserve(inputs.size());
    for (const Tensor* tensor : inputs) {
      Operand operand;
      shapes_.emplace_back();
      if (tensor != nullptr) {
        if (!tensor->is_constant()) {
          return absl::InvalidArgumentError(absl::StrCat("'", tensor->name, "' is not a constant"));
        }
        constants_.push_back(Widened(*tensor));
        operand = OperandOf(constants_.back());
        operand.data = constants_.back().data.data();
        shapes_.back() = operand.shape;
      }
      operands_.push_back(operand);
      pointers_.push_back(operand.data);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Tensor>> Run(const Node& node, const KernelEntry& entry,
                                          absl::Span<const Tensor* const> like) {
    absl::StatusOr<std::vector<Shape>> shapes = InferShapes(node, shapes_);
    if (!shapes.ok()) return shapes.status();
    std::vector<Tensor> tensors(shapes->size());
    std::vector<Operand> outputs;
    std::vector<std::vector<uint8_t>> bytes;
    std::vector<void*> results;
    for (size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].type = like[i]->type;
      tensors[i].quant = like[i]->quant;
      tensors[i].shape = (*shapes)[i];
      outputs.push_back(OperandOf(tensors[i]));
      bytes.emplace_back(static_cast<size_t>(NumElements((*shapes)[i])) * SizeOf(like[i]->type));
      results.push_back(bytes.back().data());
    }
    const std::shared_ptr<ThreadPool> pool = ThreadPool::Shared();
    const std::unique_ptr<PackedWeights> packed = NewPackedWeights();
    KernelContext context{&node, operands_, outputs, {}, pool.get(), packed.get(), true};
    if (absl::Status status = entry.check(context); !status.ok()) return status;
    absl::StatusOr<std::unique_ptr<Kernel>> kernel = entry.prepare(context);
    if (!kernel.ok()) return kernel.status();
    AlignedBuffer scratch((*kernel)->scratch_bytes());
    RunError error;
    (*kernel)->Run({pointers_.data(), results.data(), scratch.data(), pool.get(), &error});
    if (error.is_set()) return error.Take();
    for (size_t i = 0; i < tensors.size(); ++i)
      tensors[i].data = Constant::Own(std::move(bytes[i]));
    return tensors;
  }

 private:
  static Tensor Widened(const Tensor& tensor) {
    Tensor result = tensor;
    if (tensor.type == DataType::kF16 || tensor.type == DataType::kBF16) {
      result.type = DataType::kF32;
      result.data = FromDoubles(DataType::kF32, ToDoubles(tensor.type, tensor.data));
    } else if (reinterpret_cast<uintptr_t>(tensor.data.data()) % SizeOf(tensor.type) != 0) {
      // A file may lend bytes that kernels cannot read where they are.
      const uint8_t* begin = tensor.data.data();
      result.data = Constant::Own(std::vector<uint8_t>(begin, begin + tensor.data.size()));
    }
    return result;
  }

  static Operand OperandOf(const Tensor& tensor) {
    Operand operand;
    operand.type = tensor.type;
    operand.shape = tensor.shape;
    operand.quant = tensor.quant ? &*tensor.quant : nullptr;
    return operand;
  }

  std::vector<Tensor> constants_;
  std::vector<Operand> operands_;
  std::vector<Shape> shapes_;
  std::vector<const void*> pointers_;
};

// The node with what its value inputs say in its options; these inputs leave `inputs` too.
absl::StatusOr<Node> Bound(const Node& node, std::vector<const Tensor*>& inputs) {
  Node bound = node;
  const Shape x = inputs.empty() || inputs[0] == nullptr ? Shape() : inputs[0]->shape;
  if (absl::Status status = BindValues(bound, inputs, x); !status.ok()) return status;
  inputs.resize(bound.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (bound.inputs[i] == kNoTensor) inputs[i] = nullptr;
  }
  return bound;
}

}  // namespace

absl::StatusOr<std::vector<Tensor>> EvaluateNode(const Node& node,
                                                 absl::Span<const Tensor* const> inputs,
                                                 absl::Span<const Tensor* const> outputs) {
  const absl::Span<const KernelEntry> kernels = KernelsFor(node.type());
  if (kernels.empty()) {
    return absl::UnimplementedError(
        absl::StrCat("'", node.name, "' (", Name(node.type()), ") has no kernel"));
  }
  Evaluation evaluation;
  if (absl::Status status = evaluation.AddInputs(inputs); !status.ok()) return status;
  return evaluation.Run(node, kernels.back(), outputs);
}

absl::StatusOr<std::vector<Tensor>> EvaluateGraph(const Graph& graph,
                                                  absl::Span<const Tensor> inputs) {
  if (inputs.size() != graph.inputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", inputs.size(), " tensors for ", graph.inputs.size(), " inputs"));
  }
  std::vector<Tensor> values = graph.tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    values[static_cast<size_t>(graph.inputs[i])] = inputs[i];
  }
  for (const Node& node : graph.nodes) {
    std::vector<const Tensor*> operands, outputs;
    for (const TensorId id : node.inputs) {
      operands.push_back(id < 0 ? nullptr : &values[static_cast<size_t>(id)]);
    }
    for (const TensorId id : node.outputs) outputs.push_back(&values[static_cast<size_t>(id)]);
    const absl::StatusOr<Node> bound = Bound(node, operands);
    if (!bound.ok()) return bound.status();
    absl::StatusOr<std::vector<Tensor>> results = EvaluateNode(*bound, operands, outputs);
    if (!results.ok()) return results.status();
    for (size_t i = 0; i < results->size(); ++i) {
      Tensor& value = values[static_cast<size_t>(node.outputs[i])];
      (*results)[i].name = value.name;
      value = std::move((*results)[i]);
    }
  }
  return values;
}

}  // namespace octet
