#include "tools/cli/quantize_request.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/training.h"

namespace octet::cli {
namespace {

// The road from the float model through all methods, as opposed to one of them.
constexpr char kRoad[] = "auto";

// Values of flags that become members of QuantizerOptions.
struct Words {
  std::string method;
  std::string calibrator;  // empty: the default
  std::string scheme;      // empty: what suits the type
  std::string weights = "per-channel";
  std::string activations = "u8";
  std::string weights_type = "s8";
  std::string refine = "none";
  std::string target = "any";
};

void Register(FlagSet& flags, QuantizeRequest& request, Words& words) {
  flags.Text("data", "DIR|FILE", "pictures or arrays that a static method takes the ranges from",
             &request.data);
  flags.Text("o", "FILE", "the model file to write", &request.output);
  flags.Choice(
      "method", {kRoad, "static", "dynamic", "weight-only"},
      "auto: tries them all and keeps what serves best (default); static: scales are fixed "
      "ahead (default with flags that only it has); dynamic: activations are quantized when "
      "the model runs; weight-only: computed in f32; the last two need no data",
      &words.method);
  flags.Choice("calibrator", CalibratorNames(),
               "how ranges follow from the data; default minmax, or the best one with auto",
               &words.calibrator);
  flags.Real("percentile", "P",
             "share of the values that calibrator percentile keeps, in %; default 99.999", 1e-3,
             100, &request.options.calibrator.percentile);
  flags.Real("moving-average", "C",
             "weight of the newest sample for calibrator moving-average; default 0.01", 1e-6, 1,
             &request.moving_average);
  flags.Text("save-ranges", "FILE", "keep what was seen of the data", &request.save_ranges);
  flags.Text("ranges", "FILE", "take the ranges from such a file instead of running the data",
             &request.ranges);
  flags.Text("overrides", "FILE", "exceptions by operator or tensor; see docs/quantization.md",
             &request.overrides);
  flags.Switch("skip-unreadable", "leave out pictures that cannot be read",
               &request.skip_unreadable);
  flags.Choice("weights", {"per-channel", "per-tensor"}, "scales of weights; default per-channel",
               &words.weights);
  flags.Choice("activations", {"u8", "s8", "s16"}, "type of activations; default u8",
               &words.activations);
  flags.Choice("weights-type", {"s8", "s16"},
               "type of weights; s16 needs --activations s16; default s8", &words.weights_type);
  flags.Text("refine", "all|none|LIST",
             absl::StrCat("methods that keep accuracy: ", RefineMethodNames(), "; default none"),
             &words.refine);
  flags.Choice("scheme", {"affine", "symmetric"},
               "how activations are mapped; symmetric needs s8 or s16; default affine, but for s16",
               &words.scheme);
  flags.Choice("target", TargetNames(),
               "CPUs to quantize for; avx2: weights are limited so that products cannot saturate "
               "16 bits, and CPUs without VNNI take the fast way; default any",
               &words.target);
  flags.Switch("finetune",
               "train on --data what quantizing alone does not keep; with auto where the budget is "
               "missed otherwise, and always without a budget; see docs/training.md",
               &request.finetune);
  flags.Integer("epochs", "N",
                absl::StrCat("times that --finetune sees all samples; default ", kDefaultEpochs), 1,
                100000, &request.epochs);
  request.road.Register(flags);
  request.pictures.Register(flags);
  request.common.Register(flags);
}

// Which method is meant, and whether the flags go with it.
absl::Status ChooseMethod(const Words& words, QuantizeRequest& request) {
  const bool only_static = !words.calibrator.empty() || !request.ranges.empty() ||
                           !request.save_ranges.empty() || request.moving_average > 0 ||
                           words.refine != "none";
  const std::string method = !words.method.empty() ? words.method : only_static ? "static" : kRoad;
  request.walks_road = method == kRoad;
  if (request.walks_road && only_static) {
    return UsageError(
        "--calibrator, --ranges, --save-ranges, --moving-average and --refine are for --method "
        "static; auto tries what they choose");
  }
  if (!request.walks_road && request.road.any()) {
    return UsageError(absl::StrCat(
        "--method ", method,
        " has no budget, evaluation, report, --resume or --exclude-list; --method auto has"));
  }
  if (!request.walks_road) request.options.method = method;
  if (request.epochs > 0 && !request.finetune) return UsageError("--epochs goes with --finetune");
  if (request.epochs == 0) request.epochs = kDefaultEpochs;
  if (request.finetune && !request.walks_road && NeedsNoData(method)) {
    return UsageError(absl::StrCat("--finetune trains static models; --method ", method,
                                   " has no scales to train"));
  }
  if (request.data.empty() && !NeedsNoData(request.options.method)) {
    return UsageError("missing: --data DIR or --data FILE.npz");
  }
  if (request.output.empty()) return UsageError("missing: -o FILE");
  if (!request.ranges.empty() && !request.save_ranges.empty()) {
    return UsageError("--ranges and --save-ranges exclude each other");
  }
  return absl::OkStatus();
}

absl::Status SetOptions(const Words& words, QuantizerOptions& options) {
  if (!words.calibrator.empty()) {
    options.calibrator.kind = CalibratorNamed(words.calibrator).value();
  }
  options.weights = words.weights == "per-tensor" ? WeightGranularity::kPerTensor
                                                  : WeightGranularity::kPerChannel;
  options.activations = words.activations == "s16"  ? DataType::kS16
                        : words.activations == "s8" ? DataType::kS8
                                                    : DataType::kU8;
  const bool wide = options.activations == DataType::kS16;
  options.symmetric_activations = words.scheme == "symmetric" || (words.scheme.empty() && wide);
  if (words.weights_type == "s16") {
    if (!wide) return UsageError("--weights-type s16 needs --activations s16");
    options.weights_type = DataType::kS16;
  }
  options.target = TargetNamed(words.target).value();
  absl::StatusOr<RefineOptions> refine = ParseRefineOptions(words.refine);
  if (!refine.ok()) return UsageError(absl::StrCat("--refine: ", refine.status().message()));
  options.refine = *refine;
  if (options.target == Target::kAvx2 && options.activations != DataType::kU8) {
    return UsageError(
        "--target avx2 needs --activations u8: only its products can saturate 16 bits");
  }
  const absl::Status scheme = CheckScheme({options.activations, options.symmetric_activations});
  return scheme.ok() ? scheme : UsageError(scheme.message());
}

}  // namespace

absl::StatusOr<QuantizeRequest> ParseQuantizeRequest(absl::Span<const std::string> arguments) {
  FlagSet flags("quantize MODEL.octet|MODEL.onnx [--data DIR|FILE.npz] -o MODEL.octet [flags]",
                "Turns a float model into an int8 one.",
                "octet quantize net.octet --data calibration/ -o net.int8.octet");
  QuantizeRequest request;
  Words words;
  Register(flags, request, words);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, request.common, arguments, 1, 1, "one model file");
  if (!operands.ok()) return operands.status();
  if (request.common.help) return request;
  request.input = operands->front();
  absl::Status status = ChooseMethod(words, request);
  if (status.ok()) status = SetOptions(words, request.options);
  if (!status.ok()) return status;
  return request;
}

}  // namespace octet::cli
