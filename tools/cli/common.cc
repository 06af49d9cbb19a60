#include "tools/cli/common.h"

#include <sys/stat.h>

#include <cstring>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "runtime/core/cpu_features.h"
#include "runtime/format/model_file.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/import/onnx_importer.h"
#include "tools/import/tflite_importer.h"
#include "tools/simplify/simplify.h"

namespace octet::cli {
namespace {

constexpr int64_t kMaxThreads = 1024;
constexpr int64_t kOpen = -1;

absl::StatusOr<Shape> ParseShape(absl::string_view text) {
  Shape shape;
  for (absl::string_view part : absl::StrSplit(text, 'x')) {
    int64_t size = kOpen;
    if (part != "?" && (!absl::SimpleAtoi(part, &size) || size < kOpen)) {
      return UsageError(absl::StrCat("--shape: '", text, "' is not a shape like 1x3x224x224"));
    }
    shape.push_back(size);
  }
  return shape;
}

absl::Status CheckShape(const TensorInfo& input, const Shape& shape) {
  bool fits = shape.size() == input.shape.size();
  for (size_t d = 0; fits && d < shape.size(); ++d) {
    fits = shape[d] >= 0 && (input.shape[d] < 0 || input.shape[d] == shape[d]);
  }
  if (fits) return absl::OkStatus();
  return UsageError(absl::StrCat("--shape ", input.name, "=", ToString(shape), ": the input is ",
                                 ToString(input.shape)));
}

}  // namespace

void CommonFlags::Register(FlagSet& flags) {
  flags.Switch("json", "print one JSON object on stdout", &json);
  flags.Integer("threads", "N", "threads to use (default: what the machine has)", 1, kMaxThreads,
                &threads);
  flags.Text("isa", "NAME", "highest instruction set to use, e.g. avx2 or avx512_core_vnni", &isa);
  flags.Switch("deterministic", "the same bits on every CPU, at the price of speed",
               &deterministic);
  flags.Choice("accumulate", {"f32", "f16"},
               "what sums of products of two f16 factors are kept in; f16 is for studying its "
               "error and runs on the slow reference kernels; default f32",
               &accumulate);
  flags.Integer("max-plans", "N", "plans kept at most, one per set of input shapes (default: 8)", 1,
                1000000, &max_plans);
  flags.List("shape", "NAME=1x3x224x224", "shape of an input; may be given for several", &shapes);
  flags.Switch("help", "show this text", &help);
}

ModelOptions CommonFlags::model_options() const {
  ModelOptions options;
  if (threads > 0) options.pool = ThreadPool::Create(static_cast<int>(threads));
  options.isa = isa;
  options.deterministic = deterministic;
  options.accumulate_f16 = accumulate == "f16";
  if (max_plans > 0) options.max_plans = static_cast<int>(max_plans);
  return options;
}

absl::StatusOr<std::vector<std::string>> ParseFlags(const FlagSet& flags, const CommonFlags& common,
                                                    absl::Span<const std::string> arguments,
                                                    size_t min, size_t max,
                                                    const std::string& what) {
  absl::StatusOr<std::vector<std::string>> operands = flags.Parse(arguments);
  // Help is given even where the rest of the command line is wrong.
  if (common.help) {
    Print(flags.Help());
    return std::vector<std::string>();
  }
  if (!operands.ok()) return UsageError(operands.status().message());
  const absl::StatusOr<CpuFeatures> cpu = CpuFeatures::Capped(common.isa);
  if (!cpu.ok()) return UsageError(absl::StrCat("--isa: ", cpu.status().message()));
  if (operands->size() < min) return UsageError(absl::StrCat("missing: ", what));
  if (operands->size() > max) {
    return UsageError(absl::StrCat("too many operands: '", (*operands)[max], "'; expected ", what));
  }
  return operands;
}

absl::StatusOr<std::map<std::string, Shape>> ParseShapes(const std::vector<std::string>& texts) {
  std::map<std::string, Shape> shapes;
  for (const std::string& text : texts) {
    const size_t equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(absl::StrCat("--shape ", text, ": expected NAME=1x3x224x224"));
    }
    absl::StatusOr<Shape> shape = ParseShape(absl::string_view(text).substr(equals + 1));
    if (!shape.ok()) return shape.status();
    shapes[text.substr(0, equals)] = *shape;
  }
  return shapes;
}

absl::StatusOr<std::vector<Shape>> ResolveShapes(const std::vector<TensorInfo>& inputs,
                                                 const std::vector<std::string>& texts,
                                                 int64_t batch) {
  absl::StatusOr<std::map<std::string, Shape>> given = ParseShapes(texts);
  if (!given.ok()) return given.status();
  std::vector<Shape> shapes;
  for (const TensorInfo& input : inputs) {
    const auto found = given->find(input.name);
    if (found != given->end()) {
      absl::Status status = CheckShape(input, found->second);
      if (!status.ok()) return status;
      shapes.push_back(found->second);
      given->erase(found);
      continue;
    }
    Shape shape = input.shape;
    if (!shape.empty() && shape[0] < 0) shape[0] = batch;
    if (!shape.empty() && shape[0] != batch && batch != 1) {
      return UsageError(absl::StrCat("--batch ", batch, ": input '", input.name,
                                     "' has a fixed batch of ", shape[0]));
    }
    for (int64_t size : shape) {
      if (size >= 0) continue;
      return UsageError(absl::StrCat("input '", input.name, "' has open sizes (", ToString(shape),
                                     "); give them with --shape ", input.name, "=..."));
    }
    shapes.push_back(std::move(shape));
  }
  if (given->empty()) return shapes;
  return UsageError(
      absl::StrCat("--shape: no input '", given->begin()->first, "'; the inputs are ",
                   absl::StrJoin(inputs, ", ", [](std::string* out, const TensorInfo& info) {
                     absl::StrAppend(out, "'", info.name, "'");
                   })));
}

absl::Status WithPath(const std::string& path, const absl::Status& status) {
  if (status.ok() || absl::StrContains(status.message(), path)) return status;
  absl::Status result(status.code(), absl::StrCat(path, ": ", status.message()));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

absl::StatusOr<ModelFileKind> KindOfModelFile(const std::string& path) {
  constexpr size_t kIdentifierEnd = 12;
  char start[kIdentifierEnd] = {};
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot open: ", std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::PermissionDeniedError(absl::StrCat(path, ": cannot open: ", std::strerror(errno)));
  }
  file.read(start, sizeof(start));
  if (std::memcmp(start + 8, "OCTM", 4) == 0) return ModelFileKind::kOctet;
  if (std::memcmp(start + 4, "TFL3", 4) == 0 || absl::EndsWithIgnoreCase(path, ".tflite")) {
    return ModelFileKind::kTflite;
  }
  if (absl::EndsWithIgnoreCase(path, ".onnx")) return ModelFileKind::kOnnx;
  // What is neither is read as an Octet model, whose reader says what is wrong with it.
  return ModelFileKind::kOctet;
}

absl::StatusOr<std::shared_ptr<const Model>> LoadModel(const std::string& path,
                                                       const CommonFlags& common) {
  absl::StatusOr<ModelFileKind> kind = KindOfModelFile(path);
  if (!kind.ok()) return kind.status();
  if (*kind != ModelFileKind::kOctet) {
    const char* format = *kind == ModelFileKind::kOnnx ? "an ONNX" : "a TFLite";
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": is ", format, " file; run 'octet import ", path, " -o model.octet' first"));
  }
  absl::StatusOr<std::shared_ptr<const Model>> model = Model::Load(path, common.model_options());
  if (!model.ok()) return WithPath(path, model.status());
  return model;
}

absl::StatusOr<Graph> LoadGraph(const std::string& path, const CommonFlags& common) {
  absl::StatusOr<ModelFileKind> kind = KindOfModelFile(path);
  if (!kind.ok()) return kind.status();
  if (*kind == ModelFileKind::kOctet) {
    absl::StatusOr<LoadedModel> loaded = ReadModel(path);
    if (!loaded.ok()) return WithPath(path, loaded.status());
    return std::move(loaded->graph);
  }
  ImportOptions options;
  absl::StatusOr<std::map<std::string, Shape>> shapes = ParseShapes(common.shapes);
  if (!shapes.ok()) return shapes.status();
  options.input_shapes = *std::move(shapes);
  absl::StatusOr<Graph> graph =
      *kind == ModelFileKind::kTflite ? ImportTflite(path, options) : ImportOnnx(path, options);
  if (!graph.ok()) return WithPath(path, graph.status());
  absl::Status status = Simplify(*graph);
  if (!status.ok()) return WithPath(path, status);
  graph->producer = kProducer;
  return graph;
}

uint64_t FileSize(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

}  // namespace octet::cli
