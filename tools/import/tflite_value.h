#ifndef OCTET_TOOLS_IMPORT_TFLITE_VALUE_H_
#define OCTET_TOOLS_IMPORT_TFLITE_VALUE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "octet/types.h"
#include "tools/import/builder.h"

namespace octet::importer {

// How the four dimensions of a tensor stand: as in the file, [N, H, W, C], or as Octet's spatial
// operators want them, [N, C, H, W]. Tensors of other ranks are always as in the file.
enum class Order { kFile = 0, kChannelsFirst = 1 };

// Where dimension `axis` of the file stands in `order`.
inline int MapAxis(int axis, size_t rank, Order order) {
  constexpr int kTo[] = {0, 2, 3, 1};
  return order == Order::kFile || rank != 4 ? axis : kTo[axis];
}

// For each dimension in `to`, its place in the other order.
std::vector<int> OrderPermutation(Order to);

// A constant whose dimension i is dimension permutation[i] of `array`.
Array Permuted(const Array& array, const std::vector<int>& permutation);

// A TFLite tensor on its way into the graph, in one order or in both.
struct TfliteValue {
  std::string name;
  DataType type = DataType::kUnknown;
  absl::optional<QuantParams> quant;  // axis as in the file
  // An operator before it could not be imported: nothing else is known.
  bool broken = false;
  bool defined = false;
  Order home = Order::kFile;  // the one it was computed in, from which the other one follows
  Value forms[2];             // by order; of the other one, only what was asked for already

  const Value& value() const { return forms[static_cast<int>(home)]; }
  // The shape as in the file, under each probe.
  ProbedShape shape() const;
  size_t rank() const { return value().rank(); }
  bool is_constant() const { return value().is_constant(); }
  bool is_known() const { return value().is_known(); }
};

// A GraphBuilder for tensors that carry quantization and stand in two orders.
class TfliteBuilder {
 public:
  // At most `copy_budget` bytes of constants are copied, so that a small file whose tensors share
  // their bytes cannot fill the memory.
  TfliteBuilder(const ProbeRules& rules, int64_t copy_budget)
      : base_(rules), copy_budget_(copy_budget) {}

  GraphBuilder& base() { return base_; }
  Graph& graph() { return base_.graph(); }

  // The graph's tensor of a value in `order`; a constant is put there in that order, a computed
  // tensor turned around by a node.
  absl::StatusOr<TensorId> Tensor(TfliteValue& value, Order order);

  // Adds a constant. InvalidArgument when the model makes more copies than it may.
  absl::StatusOr<TensorId> AddConstant(const std::string& name, const Array& array,
                                       const absl::optional<QuantParams>& quant);

  // Takes `bytes` from the budget.
  absl::Status Charge(int64_t bytes);

  // A node that makes tensors of these types.
  template <typename OptionsT>
  absl::StatusOr<std::vector<Value>> Emit(const std::string& node, OptionsT options,
                                          std::vector<TensorId> inputs,
                                          const std::vector<std::string>& outputs, DataType type,
                                          const absl::optional<QuantParams>& quant) {
    auto values = base_.EmitMany(node, std::move(options), std::move(inputs), outputs);
    if (!values.ok()) return values.status();
    for (Value& value : *values) SetType(value, type, quant);
    return values;
  }

  // Declares what the elements of a value's tensor are.
  void SetType(Value& value, DataType type, const absl::optional<QuantParams>& quant);

 private:
  absl::StatusOr<Value> Turned(TfliteValue& value, Order order);

  GraphBuilder base_;
  int64_t copy_budget_;
};

// A Reshape between probed shapes; Unimplemented where it cannot be said.
absl::StatusOr<schema::ReshapeOptionsT> ReshapeBetween(const ProbedShape& from,
                                                       const ProbedShape& to);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_TFLITE_VALUE_H_
