#ifndef OCTET_TOOLS_IMPORT_OP_H_
#define OCTET_TOOLS_IMPORT_OP_H_

#include <onnx/onnx_pb.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/import/attributes.h"
#include "tools/import/builder.h"

namespace octet::importer {

// One ONNX node on its way into the graph.
struct OpContext {
  const onnx::NodeProto& node;
  Attributes& attributes;
  int opset;
  std::string name;  // of the node, never empty
  GraphBuilder& builder;
  std::vector<Value*> inputs;  // null: absent
  std::vector<Value> outputs;  // set by the importing function, one per output of the node

  bool has(size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  // Requires has(i).
  Value& value(size_t i) const { return *inputs[i]; }
  // Name of the tensor that input `i` is.
  const std::string& input_name(size_t i) const { return node.input(static_cast<int>(i)); }
  // The graph tensor of input `i`. InvalidArgument when absent, Unimplemented when it is not of
  // floats.
  absl::StatusOr<TensorId> Tensor(size_t i);
  // A graph tensor for a constant that the import makes.
  TensorId Constant(const std::string& suffix, const Array& array);
  // What an intermediate result is called.
  std::string Intermediate(const std::string& suffix) const { return name + "/" + suffix; }
  // Emits the node that makes the one output.
  template <typename OptionsT>
  absl::Status Finish(OptionsT options, std::vector<TensorId> in) {
    auto value = builder.Emit(name, std::move(options), std::move(in), node.output(0));
    if (!value.ok()) return value.status();
    outputs = {*std::move(value)};
    return absl::OkStatus();
  }
  // Emits a node whose output another one of this import reads.
  template <typename OptionsT>
  absl::StatusOr<Value> Step(const std::string& suffix, OptionsT options,
                             std::vector<TensorId> in) {
    return builder.Emit(Intermediate(suffix), std::move(options), std::move(in),
                        Intermediate(suffix));
  }

  // The numbers of an attribute in opsets below `since`, of constant input `index` from there on;
  // empty when absent. Unimplemented when that input is not the same under all probes.
  absl::StatusOr<std::vector<int64_t>> Numbers(const std::string& attribute, size_t index,
                                               int since);
  // The same for one float.
  absl::StatusOr<float> Scalar(size_t index, float absent);
};

using ImportFunction = absl::Status (*)(OpContext& context);

struct OpRow {
  const char* op;
  ImportFunction function;
};

// The operators that can be imported, by file.
absl::Span<const OpRow> ConvOps();
absl::Span<const OpRow> PoolOps();
absl::Span<const OpRow> MatMulOps();
absl::Span<const OpRow> ElementwiseOps();
absl::Span<const OpRow> ShapeOps();
absl::Span<const OpRow> DataOps();
absl::Span<const OpRow> NormalizationOps();

// Null when the operator cannot be imported.
ImportFunction FindOp(const std::string& op_type);

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
// tensor [N, C, spatial...]. Every vector has an entry per spatial dimension.
absl::StatusOr<Window> ReadWindow(OpContext& context, const Value& x,
                                  const std::vector<int64_t>& kernel);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_OP_H_
