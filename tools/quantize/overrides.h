#ifndef OCTET_TOOLS_QUANTIZE_OVERRIDES_H_
#define OCTET_TOOLS_QUANTIZE_OVERRIDES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "runtime/core/graph.h"
#include "tools/quantize/calibrate.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/weights.h"

namespace octet {

// Exceptions from how a model is quantized, one per line of a text; docs/quantization.md describes
// the syntax.

// What one line asks for; absent members leave things as they are.
struct OverrideSettings {
  absl::optional<Precision> precision;  // ExceptionNamed
  absl::optional<WeightGranularity> weights;
  absl::optional<CalibratorKind> calibrator;
  absl::optional<double> percentile;
  absl::optional<Range> range;
  absl::optional<bool> symmetric;

  bool about_operators() const { return precision || weights; }
  bool about_tensors() const { return calibrator || percentile || range || symmetric; }
};

// What a line is about.
enum class OverrideSelector { kOperator, kType, kOperatorPattern, kTensor, kTensorPattern };

struct Override {
  std::string place;  // "file:line", for messages
  std::string text;   // the line, without the space around it
  OverrideSelector selector = OverrideSelector::kOperator;
  std::string pattern;  // name, type or regular expression
  OverrideSettings settings;
};

// The lines of `text`, in order. `file` is its name for messages. InvalidArgument for a line that
// cannot be understood: "file:line: ...".
absl::StatusOr<std::vector<Override>> ParseOverrides(absl::string_view text,
                                                     const std::string& file);

// What the lines mean for a graph.
struct GraphOverrides {
  struct OperatorChoice {
    absl::optional<Precision> precision;
    std::string precision_place;  // of the line that says so
    absl::optional<WeightGranularity> weights;
  };
  struct RangeLine {
    std::string place;
    std::vector<TensorId> tensors;  // that the line is about
  };
  std::vector<OperatorChoice> operators;  // one per node
  std::map<TensorId, RangeRule> tensors;  // those that differ from the common rule
  std::vector<RangeLine> range_lines;     // lines with settings of tensors

  // The weights' granularity of every node.
  std::vector<WeightGranularity> WeightsOr(WeightGranularity common) const;
};

// Applies the lines in order, so that later ones win, setting by setting. A line about operators
// sets the ranges of their results. InvalidArgument when a line matches nothing, when it matches
// only operators that have no weights but speaks of weights, or when symmetric activations are
// asked for in a model whose activations are u8.
absl::StatusOr<GraphOverrides> ResolveOverrides(const std::vector<Override>& overrides,
                                                const Graph& graph, const RangeRule& common);

// Whether the overrides got their way with `precision`, where kInt8 stands for any product of
// integers. InvalidArgument names the line that asks for a precision that cannot be, or for ranges
// of tensors none of which is stored as integers.
absl::Status CheckOverrides(const Graph& graph, const GraphOverrides& overrides,
                            const std::vector<Precision>& precision);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_OVERRIDES_H_
