#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/model_internal.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/data/file.h"
#include "tools/evaluate/compare.h"
#include "tools/quantize/exclusion_list.h"
#include "tools/quantize/rescaled.h"

namespace octet::cli {
namespace {

using nlohmann::json;

// JSON has no infinity: equal tensors give null.
json FiniteOrNull(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json ToJson(const std::vector<TensorDifference>& differences, int64_t samples,
            const std::vector<std::string>& rescaled) {
  json tensors = json::array();
  for (const TensorDifference& d : differences) {
    tensors.push_back({{"tensor", d.tensor},
                       {"operator", d.op},
                       {"type", d.type},
                       {"stored", std::string(Name(d.stored))},
                       {"sqnr_db", FiniteOrNull(d.sqnr_db)},
                       {"cosine", FiniteOrNull(d.cosine)},
                       {"max_abs_diff", FiniteOrNull(d.max_abs_diff)},
                       {"max_abs", FiniteOrNull(d.max_abs)}});
  }
  return {{"samples", samples}, {"tensors", tensors}, {"rescaled", rescaled}};
}

void SortWorstFirst(std::vector<TensorDifference>& differences) {
  std::stable_sort(
      differences.begin(), differences.end(),
      [](const TensorDifference& a, const TensorDifference& b) { return a.sqnr_db < b.sqnr_db; });
}

std::string ToTable(const std::vector<TensorDifference>& differences) {
  std::vector<std::vector<std::string>> rows = {
      {"SQNR dB", "cosine", "largest diff", "largest", "stored", "type", "tensor"}};
  for (const TensorDifference& d : differences) {
    rows.push_back({std::isinf(d.sqnr_db) ? "equal" : absl::StrFormat("%.2f", d.sqnr_db),
                    absl::StrFormat("%.5f", d.cosine), absl::StrFormat("%.4g", d.max_abs_diff),
                    absl::StrFormat("%.4g", d.max_abs), std::string(Name(d.stored)), d.type,
                    d.tensor});
  }
  return FormatTable(rows);
}

// Operators that multiply or yield integers, the worst output first.
std::vector<Exclusion> Exclusions(std::vector<TensorDifference> differences, const Graph& graph) {
  std::set<std::string> quantized;
  for (const Node& node : graph.nodes) {
    for (const std::vector<TensorId>* ids : {&node.inputs, &node.outputs}) {
      for (TensorId id : *ids) {
        if (id != kNoTensor && graph.tensor(id).quant) quantized.insert(node.name);
      }
    }
  }
  SortWorstFirst(differences);
  std::vector<Exclusion> result;
  for (const TensorDifference& d : differences) {
    if (quantized.erase(d.op) == 0 || std::isinf(d.sqnr_db)) continue;
    result.push_back({d.op, absl::StrFormat("%.2f dB at its output '%s'", d.sqnr_db, d.tensor)});
  }
  return result;
}

std::string RescaledText(const std::vector<std::string>& rescaled) {
  if (rescaled.empty()) return "";
  return absl::StrCat(rescaled.size(),
                      " tensors cannot be compared, since equalization has scaled their channels: ",
                      absl::StrJoin(rescaled, ", "), "\n");
}

}  // namespace

absl::Status CompareCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("compare FLOAT.octet MODEL.octet --data DIR|FILE.npz [flags]",
                "Shows where the error of a quantized model comes from: every tensor that both "
                "models compute, in order of execution.",
                "octet compare net.octet net.int8.octet --data evaluation/ --worst 10");
  CommonFlags common;
  std::string data, exclude_list;
  int64_t samples = 0, worst = 0;
  flags.Text("data", "DIR|FILE", "pictures or arrays to run both models on", &data);
  flags.Integer("samples", "N", "use the first N samples (default: all)", 1, 1 << 30, &samples);
  flags.Integer("worst", "N", "only the N tensors of least SQNR, the worst first", 1, 1 << 30,
                &worst);
  flags.Text("exclude-list", "FILE",
             "write the operators of least SQNR as lines for octet quantize --overrides: the N of "
             "--worst or 5 of them, the others as comments",
             &exclude_list);
  common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, common, arguments, 2, 2, "two model files: the float one, then the other");
  if (!operands.ok() || common.help) return operands.status();
  if (data.empty()) return UsageError("missing: --data DIR or --data FILE.npz");
  if (!exclude_list.empty()) {
    absl::Status status = CheckCanCreate(exclude_list);
    if (!status.ok()) return status;
  }

  std::shared_ptr<const Model> models[2];
  for (size_t i = 0; i < 2; ++i) {
    absl::StatusOr<std::shared_ptr<const Model>> model = LoadModel((*operands)[i], common);
    if (!model.ok()) return model.status();
    models[i] = *std::move(model);
  }
  absl::StatusOr<std::unique_ptr<SampleSource>> source = OpenSamples(data, SpecOf(*models[0]));
  if (!source.ok()) return source.status();
  std::unique_ptr<SampleSource> all = *std::move(source);
  const FirstSamples some(*all, samples > 0 ? samples : all->size());
  CompareOptions options;
  options.run = common.model_options();
  absl::StatusOr<std::vector<TensorDifference>> differences;
  {
    ProgressLine progress("comparing");
    options.progress = [&](int64_t done, int64_t total) { progress.Show(done, total); };
    differences = CompareTensors(GraphOf(*models[0]), GraphOf(*models[1]), some, options);
  }
  if (!differences.ok()) return differences.status();
  if (!exclude_list.empty()) {
    const std::vector<Exclusion> exclusions = Exclusions(*differences, GraphOf(*models[1]));
    constexpr int64_t kWorst = 5;
    const std::string list =
        ExclusionList(exclusions, static_cast<size_t>(worst > 0 ? worst : kWorst));
    absl::Status status = WriteFile(exclude_list, std::vector<uint8_t>(list.begin(), list.end()));
    if (!status.ok()) return status;
  }
  if (worst > 0) {
    SortWorstFirst(*differences);
    differences->resize(std::min(differences->size(), static_cast<size_t>(worst)));
  }
  const std::vector<std::string> rescaled = RescaledTensors(GraphOf(*models[1]));
  Print(common.json ? ToJson(*differences, some.size(), rescaled).dump(2) + "\n"
                    : ToTable(*differences) + RescaledText(rescaled));
  return absl::OkStatus();
}

}  // namespace octet::cli
