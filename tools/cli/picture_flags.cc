#include "tools/cli/picture_flags.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/cli/exit_code.h"
#include "tools/data/file.h"
#include "tools/simplify/edit.h"

namespace octet::cli {
namespace {

constexpr int64_t kMaxSide = 16384;
constexpr size_t kChannels = 3;

// Three numbers, or one for all channels; `fallback` for all when the text is empty.
absl::StatusOr<std::vector<float>> PerChannel(const std::string& flag, const std::string& text,
                                              float fallback) {
  if (text.empty()) return std::vector<float>(kChannels, fallback);
  std::vector<float> values;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    float value;
    if (!absl::SimpleAtof(part, &value) || !std::isfinite(value)) {
      return UsageError(absl::StrCat(flag, " ", text, ": '", part, "' is not a number"));
    }
    values.push_back(value);
  }
  if (values.size() == 1) values.assign(kChannels, values[0]);
  if (values.size() == kChannels) return values;
  return UsageError(absl::StrCat(flag, " ", text, ": expected one number or ", kChannels));
}

absl::Status CheckInput(const Graph& graph, int64_t crop) {
  if (graph.inputs.size() != 1) {
    return UsageError(absl::StrCat("the model has ", graph.inputs.size(),
                                   " inputs; pictures can feed only models with one"));
  }
  const Tensor& input = graph.tensor(graph.inputs[0]);
  const Shape& shape = input.shape;
  if (shape.size() != 4 || (shape[1] >= 0 && shape[1] != static_cast<int64_t>(kChannels))) {
    return UsageError(absl::StrCat("input '", input.name, "' is ", ToString(shape),
                                   "; pictures need [N, 3, height, width]"));
  }
  for (size_t d : {2, 3}) {
    if (crop > 0 && shape[d] >= 0 && shape[d] != crop) {
      return UsageError(absl::StrCat("--crop ", crop, " does not fit input '", input.name,
                                     "', which is ", ToString(shape)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadLabels(const std::string& path) {
  constexpr uint64_t kMaxSize = 64 << 20;
  absl::StatusOr<std::vector<uint8_t>> bytes = ReadFile(path, kMaxSize);
  if (!bytes.ok()) return bytes.status();
  const std::string text(bytes->begin(), bytes->end());
  std::vector<std::string> labels;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    labels.emplace_back(absl::StripAsciiWhitespace(line));
  }
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  if (labels.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": holds no label"));
  return labels;
}

// Pictures and what is told of them are f32, also where a network's file has other floats: then a
// Cast stands at its ends.
void UseF32AtEnds(Graph& graph) {
  const auto is_f32 = [&graph](TensorId id) { return graph.tensor(id).type == DataType::kF32; };
  const std::vector<std::vector<int>> readers = Consumers(graph);
  for (const TensorId id : graph.inputs) {
    const std::vector<int>& casts = readers[static_cast<size_t>(id)];
    const bool converts = std::all_of(casts.begin(), casts.end(), [&](int i) {
      const Node& node = graph.nodes[static_cast<size_t>(i)];
      return node.type() == OpType::CastOptions && is_f32(node.outputs[0]);
    });
    if (is_f32(id) || casts.empty() || !converts) continue;
    graph.tensor(id).type = DataType::kF32;
    for (const int i : casts) Bypass(graph, graph.nodes[static_cast<size_t>(i)].outputs[0], id);
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.type() != OpType::CastOptions || !IsOutput(graph, node.outputs[0])) continue;
    const DataType type = graph.tensor(node.outputs[0]).type;
    const bool real = type == DataType::kF16 || type == DataType::kBF16 || type == DataType::kF64;
    if (real && is_f32(node.inputs[0])) Bypass(graph, node.outputs[0], node.inputs[0]);
  }
  RemoveDead(graph);
}

}  // namespace

void PictureFlags::Register(FlagSet& flags) {
  flags.Integer("resize", "PIXELS", "scale a picture's shorter side to this", 1, kMaxSide, &resize);
  flags.Integer("crop", "PIXELS", "then cut out this square in the centre", 1, kMaxSide, &crop);
  flags.Text("mean", "R,G,B",
             "x = (pixel - mean) / std, per channel as the input has them; default 0", &mean);
  flags.Text("std", "R,G,B", "see --mean; default 1", &std);
  flags.Choice("pixel-order", {"rgb", "bgr"}, "order of the input's channels; default rgb",
               &pixel_order);
  flags.Text("labels", "FILE", "names of the classes, one per line", &labels);
}

absl::Status PictureFlags::ApplyTo(Graph& graph) const {
  if (!labels.empty()) {
    absl::StatusOr<std::vector<std::string>> names = ReadLabels(labels);
    if (!names.ok()) return names.status();
    graph.labels = *std::move(names);
  }
  if (!describes_pictures()) return absl::OkStatus();
  UseF32AtEnds(graph);
  absl::Status status = CheckInput(graph, crop);
  if (!status.ok()) return status;
  if (crop > 0 && resize > 0 && resize < crop) {
    return UsageError(absl::StrCat("--resize ", resize, " is smaller than --crop ", crop));
  }
  absl::StatusOr<std::vector<float>> means = PerChannel("--mean", mean, 0);
  if (!means.ok()) return means.status();
  absl::StatusOr<std::vector<float>> deviations = PerChannel("--std", std, 1);
  if (!deviations.ok()) return deviations.status();
  for (float deviation : *deviations) {
    if (!(deviation > 0)) return UsageError(absl::StrCat("--std ", std, ": must be above 0"));
  }
  auto preprocessing = std::make_unique<schema::PreprocessingT>();
  preprocessing->input = 0;
  preprocessing->pixel_order =
      pixel_order == "bgr" ? schema::PixelOrder::BGR : schema::PixelOrder::RGB;
  preprocessing->resize = static_cast<int32_t>(resize);
  preprocessing->crop = static_cast<int32_t>(crop);
  preprocessing->mean = *std::move(means);
  preprocessing->std = *std::move(deviations);
  graph.preprocessing = std::move(preprocessing);
  return absl::OkStatus();
}

}  // namespace octet::cli
