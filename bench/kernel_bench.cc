// Benchmarks the registry's kernels one by one on the layers of known networks:
//
//   bazel run -c opt //bench:kernel_bench -- --benchmark_filter=efficientnet_lite0/.*/u8
//
// Each result is checked against the reference before it is timed. The reference rows themselves
// are not timed. A kernel that accepts a part of the layers only has a total over these.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bench/layer.h"
#include "bench/totals_reporter.h"
#include "benchmark/benchmark.h"

namespace octet {
namespace bench {
namespace {

constexpr const char* kShapeFiles[] = {
    "bench/shapes/efficientnet_lite0.txt",
    "bench/shapes/squeezenet.txt",
    "bench/shapes/resnet50.txt",
};
constexpr int kThreadCounts[] = {1, 2};
constexpr LayerTypes kTypes[] = {{DataType::kU8, DataType::kU8},
                                 {DataType::kF32, DataType::kF32},
                                 {DataType::kS16, DataType::kS16},
                                 {DataType::kS16, DataType::kU8},
                                 {DataType::kU8, DataType::kS16}};

// What the CPU has, capped by the environment variable ONEDNN_MAX_CPU_ISA as oneDNN is.
CpuFeatures Cpu() {
  const char* cap = std::getenv("ONEDNN_MAX_CPU_ISA");
  const auto capped = CpuFeatures::Capped(cap == nullptr ? "" : cap);
  return capped.ok() ? *capped : CpuFeatures::Host();
}

// A layer whose operands exist only while its benchmarks run, which is one after the other.
Layer& LayerOf(const LayerShape& shape, const LayerTypes& types) {
  static std::unique_ptr<Layer> layer;
  static const LayerShape* current = nullptr;
  static LayerTypes current_types;
  if (current != &shape || !(current_types == types)) {
    layer = std::make_unique<Layer>(shape, types);
    current = &shape;
    current_types = types;
  }
  return *layer;
}

void RunBenchmark(benchmark::State& state, const LayerShape& shape, const LayerTypes& types,
                  const KernelEntry& row, int threads) {
  Layer& layer = LayerOf(shape, types);
  const auto pool = ThreadPool::Create(threads);
  const auto packed = NewPackedWeights();
  const KernelContext context = layer.Context(Cpu(), pool.get(), packed.get());
  const absl::StatusOr<std::unique_ptr<Kernel>> kernel = row.prepare(context);
  if (!kernel.ok()) return state.SkipWithError(kernel.status().ToString().c_str());
  layer.Run(**kernel, pool.get());
  const absl::Status status = layer.CheckOutput();
  if (!status.ok()) return state.SkipWithError(status.ToString().c_str());
  for (auto _ : state) layer.Run(**kernel, pool.get());
  const auto products = static_cast<double>(layer.products());
  state.SetLabel((*kernel)->detail());
  state.counters["products"] = products;
  state.counters["products/s"] =
      benchmark::Counter(products, benchmark::Counter::kIsIterationInvariantRate);
}

// Registers the rows whose check accepts the layer.
void RegisterLayer(const std::string& network, const LayerShape& shape) {
  const auto pool = ThreadPool::Create(1);
  const auto packed = NewPackedWeights();
  for (const LayerTypes& types : kTypes) {
    const Layer layer(shape, types);
    const KernelContext context = layer.Context(Cpu(), pool.get(), packed.get());
    const absl::Span<const KernelEntry> rows = KernelsFor(layer.type());
    for (const KernelEntry& row : rows.first(rows.size() - 1)) {
      if (!row.check(context).ok()) continue;
      for (int threads : kThreadCounts) {
        const std::string name = absl::StrCat(network, "/", shape.name, "/", types.name(), "/",
                                              row.name, "/threads:", threads);
        const auto run = [&shape, types, &row, threads](benchmark::State& state) {
          RunBenchmark(state, shape, types, row, threads);
        };
        benchmark::RegisterBenchmark(name.c_str(), run)
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

absl::Status RegisterNetworks() {
  static std::vector<std::vector<LayerShape>> networks;
  for (const char* path : kShapeFiles) {
    absl::StatusOr<std::vector<LayerShape>> shapes = ReadShapes(path);
    if (!shapes.ok()) return shapes.status();
    networks.push_back(*std::move(shapes));
  }
  for (size_t i = 0; i < networks.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(kShapeFiles[i], '/');
    for (const LayerShape& shape : networks[i]) {
      RegisterLayer(std::string(absl::StripSuffix(parts.back(), ".txt")), shape);
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string Isa() { return Cpu().isa(); }

}  // namespace bench
}  // namespace octet

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const absl::Status status = octet::bench::RegisterNetworks();
  if (!status.ok()) {
    std::fprintf(stderr, "kernel_bench: %s\n", status.ToString().c_str());
    return 1;
  }
  benchmark::AddCustomContext("isa", octet::bench::Isa());
  octet::bench::TotalsReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
