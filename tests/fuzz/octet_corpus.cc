// octet_corpus OUT_DIR FILE...: what the importers make of the ONNX and TFLite files that they
// accept, as starting points of octet_fuzz.

#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/format/model_file.h"
#include "tools/import/onnx_importer.h"
#include "tools/import/tflite_importer.h"

int main(int argc, char** argv) {
  int written = 0;
  for (int i = 2; i < argc; ++i) {
    const absl::StatusOr<octet::Graph> graph = absl::EndsWith(argv[i], ".tflite")
                                                   ? octet::ImportTflite(argv[i])
                                                   : octet::ImportOnnx(argv[i]);
    absl::Status status = graph.status();
    if (status.ok()) status = WriteModel(*graph, absl::StrCat(argv[1], "/", i, ".octet"));
    if (!status.ok()) std::cerr << status << std::endl;
    written += status.ok();
  }
  return written > 0 ? 0 : 1;
}
