#include "tools/simplify/evaluate.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/kernel.h"
#include "kernels/reference/reference.h"
#include "octet/thread_pool.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/core/infer.h"
#include "tools/simplify/constants.h"

namespace octet {
namespace {

const KernelEntry* ReferenceOf(OpType type) {
  switch (type) {
    case OpType::ConvOptions:
      return &kReferenceConv;
    case OpType::MatMulOptions:
      return &kReferenceMatMul;
    case OpType::PoolOptions:
      return &kReferencePool;
    case OpType::GlobalPoolOptions:
      return &kReferenceGlobalPool;
    case OpType::BinaryOptions:
      return &kReferenceBinary;
    case OpType::UnaryOptions:
      return &kReferenceUnary;
    case OpType::ConcatOptions:
      return &kReferenceConcat;
    case OpType::SplitOptions:
      return &kReferenceSplit;
    case OpType::ReshapeOptions:
      return &kReferenceReshape;
    case OpType::TransposeOptions:
      return &kReferenceTranspose;
    case OpType::SoftmaxOptions:
      return &kReferenceSoftmax;
    case OpType::PadOptions:
      return &kReferencePad;
    case OpType::ReduceOptions:
      return &kReferenceReduce;
    default:
      return nullptr;
  }
}

// Operands of one run: inputs widened to f32, and room for outputs.
class Evaluation {
 public:
  absl::Status AddInputs(absl::Span<const Tensor* const> inputs) {
    for (const Tensor* tensor : inputs) {
      Operand operand;
      constants_.emplace_back();
      shapes_.emplace_back();
      if (tensor != nullptr) {
        if (!IsFloat(tensor->type) || !tensor->is_constant()) {
          return absl::UnimplementedError(
              absl::StrCat("'", tensor->name, "' is not a constant of floats"));
        }
        constants_.back() =
            tensor->type == DataType::kF32
                ? tensor->data
                : FromDoubles(DataType::kF32, ToDoubles(tensor->type, tensor->data));
        operand.type = DataType::kF32;
        operand.shape = shapes_.back() = tensor->shape;
        operand.data = constants_.back().data();
      }
      operands_.push_back(operand);
      pointers_.push_back(operand.data);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Tensor>> Run(const Node& node, const KernelEntry& entry) {
    absl::StatusOr<std::vector<Shape>> shapes = InferShapes(node, shapes_);
    if (!shapes.ok()) return shapes.status();
    std::vector<Operand> outputs;
    std::vector<std::vector<uint8_t>> bytes;
    std::vector<void*> results;
    for (const Shape& shape : *shapes) {
      Operand operand;
      operand.type = DataType::kF32;
      operand.shape = shape;
      outputs.push_back(operand);
      bytes.emplace_back(static_cast<size_t>(NumElements(shape)) * sizeof(float));
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
    std::vector<Tensor> tensors(outputs.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].type = DataType::kF32;
      tensors[i].shape = (*shapes)[i];
      tensors[i].data = Constant::Own(std::move(bytes[i]));
    }
    return tensors;
  }

 private:
  std::vector<Constant> constants_;
  std::vector<Operand> operands_;
  std::vector<Shape> shapes_;
  std::vector<const void*> pointers_;
};

}  // namespace

absl::StatusOr<std::vector<Tensor>> EvaluateNode(const Node& node,
                                                 absl::Span<const Tensor* const> inputs) {
  const KernelEntry* entry = ReferenceOf(node.type());
  if (entry == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("'", node.name, "' (", Name(node.type()), ") is not a float operator"));
  }
  Evaluation evaluation;
  if (absl::Status status = evaluation.AddInputs(inputs); !status.ok()) return status;
  return evaluation.Run(node, *entry);
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
    std::vector<const Tensor*> operands;
    for (const TensorId id : node.inputs) {
      operands.push_back(id < 0 ? nullptr : &values[static_cast<size_t>(id)]);
    }
    absl::StatusOr<std::vector<Tensor>> results = EvaluateNode(node, operands);
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
