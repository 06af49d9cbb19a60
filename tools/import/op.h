#ifndef OCTET_TOOLS_IMPORT_OP_H_
#define OCTET_TOOLS_IMPORT_OP_H_

#include <onnx/onnx_pb.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/import/attributes.h"
#include "tools/import/builder.h"

namespace octet::importer {

class GraphImporter;

// One ONNX node on its way into the graph.
struct OpContext {
  const onnx::NodeProto& node;
  Attributes& attributes;
  int opset;         // of the node's domain
  std::string name;  // of the node, never empty
  GraphBuilder& builder;
  GraphImporter& importer;     // of the graph that the node is in
  std::vector<Value*> inputs;  // null: absent
  std::vector<Value> outputs;  // set by the importing function, one per output of the node

  bool has(size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  // Requires has(i).
  Value& value(size_t i) const { return *inputs[i]; }
  // Name of the tensor that input `i` is.
  const std::string& input_name(size_t i) const { return node.input(static_cast<int>(i)); }
  // Whether output `i` is asked for.
  bool wants(int i) const { return i < node.output_size() && !node.output(i).empty(); }
  // The graph tensor of input `i`. InvalidArgument when absent.
  absl::StatusOr<TensorId> Tensor(size_t i);
  // The graph tensors of all inputs, kNoTensor where absent; the first `required` must be there.
  absl::StatusOr<std::vector<TensorId>> Tensors(size_t required);
  // A graph tensor for a constant that the import makes.
  TensorId Constant(const std::string& suffix, const Array& array);
  // The same for one number of `type`.
  TensorId Number(const std::string& suffix, DataType type, double number);
  // What an intermediate result is called.
  std::string Intermediate(const std::string& suffix) const { return name + "/" + suffix; }
  // Names of the first `count` outputs, also of those that nobody asks for.
  std::vector<std::string> OutputNames(int count) const;
  // Emits the node that makes the one output. Its type follows from the operator unless given.
  template <typename OptionsT>
  absl::Status Finish(OptionsT options, std::vector<TensorId> in,
                      DataType type = DataType::kUnknown) {
    auto value = builder.Emit(name, std::move(options), std::move(in), OutputNames(1)[0], type);
    if (!value.ok()) return value.status();
    outputs = {*std::move(value)};
    return absl::OkStatus();
  }
  // Emits the node that makes `count` outputs.
  template <typename OptionsT>
  absl::Status FinishMany(int count, OptionsT options, std::vector<TensorId> in,
                          const std::vector<DataType>& types = {}) {
    auto values =
        builder.EmitMany(name, std::move(options), std::move(in), OutputNames(count), types);
    if (!values.ok()) return values.status();
    outputs = *std::move(values);
    return absl::OkStatus();
  }
  // Emits a node whose output another one of this import reads.
  template <typename OptionsT>
  absl::StatusOr<Value> Step(const std::string& suffix, OptionsT options, std::vector<TensorId> in,
                             DataType type = DataType::kUnknown) {
    return builder.Emit(Intermediate(suffix), std::move(options), std::move(in),
                        Intermediate(suffix), type);
  }
  // The result is input `i` itself.
  absl::Status Forward(size_t i);

  // The numbers of an attribute in opsets below `since`, of constant input `index` from there on;
  // empty when absent. Unimplemented when that input is not the same under all probes.
  absl::StatusOr<std::vector<int64_t>> Numbers(const std::string& attribute, size_t index,
                                               int since);
  // Whether input `index` is given but no constant.
  bool IsOpen(size_t index) const { return has(index) && !value(index).is_constant(); }
  // The same for one float.
  absl::StatusOr<float> Scalar(size_t index, float absent);
};

using ImportFunction = absl::Status (*)(OpContext& context);

// An operator that can be imported.
struct OpRow {
  const char* op;
  ImportFunction function;
  int since;          // the first version of its operator set that has it
  const char* notes;  // what is not supported, or how; may be empty
};

// Operators of one domain.
struct OpTable {
  const char* domain;  // "" is ONNX's own
  absl::Span<const OpRow> rows;
};

// All operators that can be imported.
std::vector<OpTable> OpTables();

// The tables by file.
absl::Span<const OpRow> ConvOps();
absl::Span<const OpRow> PoolOps();
absl::Span<const OpRow> MatMulOps();
absl::Span<const OpRow> UnaryOps();
absl::Span<const OpRow> BinaryOps();
absl::Span<const OpRow> ShapeOps();
absl::Span<const OpRow> DataOps();
absl::Span<const OpRow> SliceOps();
absl::Span<const OpRow> NormalizationOps();
absl::Span<const OpRow> ReduceOps();
absl::Span<const OpRow> SoftmaxOps();
absl::Span<const OpRow> SelectOps();
absl::Span<const OpRow> ResizeOps();
absl::Span<const OpRow> VisionOps();
absl::Span<const OpRow> AttentionOps();
absl::Span<const OpRow> RecurrentOps();
absl::Span<const OpRow> ControlOps();
absl::Span<const OpRow> LossOps();
absl::Span<const OpRow> SequenceOps();
absl::Span<const OpRow> TypeOps();
absl::Span<const OpRow> QuantLinearOps();
absl::Span<const OpRow> QuantizedOperatorOps();
absl::Span<const OpRow> IntegerOps();
// Of ONNX Runtime's domain.
absl::Span<const OpRow> MicrosoftFusedOps();
absl::Span<const OpRow> MicrosoftMatMulOps();
absl::Span<const OpRow> MicrosoftIntegerOps();
absl::Span<const OpRow> MicrosoftQuantLinearOps();
absl::Span<const OpRow> MicrosoftQuantizedOps();
// Of OpenVINO's domain.
absl::Span<const OpRow> OpenVinoOps();

// Null when the operator cannot be imported.
ImportFunction FindOp(const std::string& domain, const std::string& op_type);

// What to do instead of an operator that cannot be imported; may be empty.
std::string HintFor(const std::string& op_type);

// Paddings of a window operator.
struct Window {
  std::vector<int> kernel;
  std::vector<int> strides;
  std::vector<int> dilations;
  std::vector<int> pads_begin;
  std::vector<int> pads_end;
};

// Pads so that the output has size ceil(x / stride), the odd element at the end or, with `lower`,
// at the beginning. x is [N, C, spatial...]. Unimplemented where that depends on a size known only
// at run time.
absl::Status PadToSame(const Value& x, bool lower, Window& window);

// Reads strides, dilations, pads and auto_pad for a window of size `kernel` that moves over `x`, a
// tensor [N, C, spatial...]. Every vector has an entry per spatial dimension. Without
// `pads_to_same` auto_pad=SAME_* leaves the pads 0.
absl::StatusOr<Window> ReadWindow(OpContext& context, const Value& x,
                                  const std::vector<int64_t>& kernel, bool pads_to_same = true);

// The options of a Reshape between shapes; Unimplemented where they cannot say it.
absl::StatusOr<schema::ReshapeOptionsT> ReshapeOptionsFor(const ProbedShape& from,
                                                          const ProbedShape& to);

// Emits a Reshape of `x`, which is a tensor, to the shape `to`: by options, or by the value that
// `sizes` makes where these cannot say it.
absl::StatusOr<Value> EmitReshape(OpContext& context, const Value& x, const ProbedShape& to,
                                  absl::FunctionRef<absl::StatusOr<TensorId>()> sizes,
                                  const std::string& node, const std::string& output);

// The sizes of dimensions [begin, end) of `x` as a graph tensor.
absl::StatusOr<TensorId> EmitShapeOf(OpContext& context, TensorId x, size_t begin, size_t end,
                                     const std::string& suffix);

// Options of elementwise operators.
schema::UnaryOptionsT Unary(schema::UnaryKind kind, float alpha = 0.0f, float beta = 0.0f);
schema::BinaryOptionsT Binary(schema::BinaryKind kind);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_OP_H_
