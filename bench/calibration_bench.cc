// Times what calibration costs: one pass over the data, and an int8 model by every calibrator.
//
// usage: calibration_bench MODEL.octet DATA THREADS
//
// DATA is what `octet quantize --data` takes. Prints a JSON object with seconds of wall-clock and
// of CPU time of all threads: for everything from the loaded float model on ("total"), and for the
// pass over the data alone ("pass").

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "octet/thread_pool.h"
#include "runtime/format/model_file.h"
#include "runtime/model_internal.h"
#include "tools/quantize/quantize.h"

namespace octet {
namespace {

struct Times {
  double wall = 0;
  double cpu = 0;
};

Times Now() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  const auto wall = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(wall).count(),
          seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

std::string Json(const Times& from, const Times& to) {
  return absl::StrFormat("{\"wall\": %.3f, \"cpu\": %.3f}", to.wall - from.wall, to.cpu - from.cpu);
}

absl::Status Measure(const std::string& path, const std::string& data, int threads) {
  absl::StatusOr<LoadedModel> loaded = ReadModel(path);
  if (!loaded.ok()) return loaded.status();
  const Graph graph = std::move(loaded->graph);
  QuantizerOptions options;
  options.run.pool = ThreadPool::Create(threads);
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(graph, options.run);
  if (!model.ok()) return model.status();
  absl::StatusOr<std::unique_ptr<SampleSource>> samples = OpenSamples(data, SpecOf(**model));
  if (!samples.ok()) return samples.status();
  const Times start = Now();
  absl::StatusOr<Statistics> statistics = GatherInt8Statistics(graph, **samples, options);
  if (!statistics.ok()) return statistics.status();
  const Times gathered = Now();
  for (const std::string& name : CalibratorNames()) {
    options.calibrator.kind = *CalibratorNamed(name);
    absl::StatusOr<Graph> result =
        QuantizeWithStatistics(graph, **samples, *statistics, options, nullptr);
    if (!result.ok()) return result.status();
  }
  const Times end = Now();
  std::printf("{\"samples\": %d, \"pass\": %s, \"total\": %s}\n",
              static_cast<int>(statistics->samples), Json(start, gathered).c_str(),
              Json(start, end).c_str());
  return absl::OkStatus();
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: calibration_bench MODEL.octet DATA THREADS\n");
    return 2;
  }
  const absl::Status status = octet::Measure(argv[1], argv[2], std::atoi(argv[3]));
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
