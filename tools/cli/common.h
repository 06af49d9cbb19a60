#ifndef OCTET_TOOLS_CLI_COMMON_H_
#define OCTET_TOOLS_CLI_COMMON_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/cli/flags.h"

namespace octet::cli {

// Name and version of this program, as written into model files.
inline constexpr char kProducer[] = "octet 0.1.0";

// Flags that all commands have.
struct CommonFlags {
  bool help = false;
  bool json = false;
  int64_t threads = 0;  // 0: the default
  std::string isa;
  bool deterministic = false;
  std::string accumulate;
  int64_t max_plans = 0;            // 0: the default
  std::vector<std::string> shapes;  // "name=1x3x224x224"

  void Register(FlagSet& flags);
  ModelOptions model_options() const;
};

// Parses `arguments` and checks the number of operands: from `min` to `max`, named `what` in the
// message. With
// --help, prints the help and returns no operands. Errors are UsageErrors.
absl::StatusOr<std::vector<std::string>> ParseFlags(const FlagSet& flags, const CommonFlags& common,
                                                    absl::Span<const std::string> arguments,
                                                    size_t min, size_t max,
                                                    const std::string& what);

// Shapes given on the command line by input name; "?" or -1 leaves a size open.
absl::StatusOr<std::map<std::string, Shape>> ParseShapes(const std::vector<std::string>& texts);

// Shapes for all inputs: those given, else those of the model, with `batch` for an open first size.
// UsageError when another size stays open, when a name is no input's or when a given shape cannot
// be.
absl::StatusOr<std::vector<Shape>> ResolveShapes(const std::vector<TensorInfo>& inputs,
                                                 const std::vector<std::string>& texts,
                                                 int64_t batch);

// What the file begins with says which it is. Errors name the path.
enum class ModelFileKind { kOctet, kOnnx, kTflite };
absl::StatusOr<ModelFileKind> KindOfModelFile(const std::string& path);

// Loads an .octet file to run it; a hint to import first for ONNX files.
absl::StatusOr<std::shared_ptr<const Model>> LoadModel(const std::string& path,
                                                       const CommonFlags& common);

// The graph of an .octet or ONNX file; ONNX is imported and simplified.
absl::StatusOr<Graph> LoadGraph(const std::string& path, const CommonFlags& common);

// `status` with "path: " before its message, unless the message names the path already.
absl::Status WithPath(const std::string& path, const absl::Status& status);

uint64_t FileSize(const std::string& path);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_COMMON_H_
