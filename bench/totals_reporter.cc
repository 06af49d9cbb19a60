#include "bench/totals_reporter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace octet {
namespace bench {

void TotalsReporter::ReportRuns(const std::vector<Run>& runs) {
  ConsoleReporter::ReportRuns(runs);
  for (const Run& run : runs) {
    const std::vector<std::string> parts = absl::StrSplit(run.benchmark_name(), '/');
    const auto products = run.counters.find("products");
    if (run.error_occurred || parts.size() < 5 || products == run.counters.end()) continue;
    Result& result =
        results_[absl::StrCat(parts[0], " ", parts[2], " ", parts[4])][parts[1]][parts[3]];
    const double microseconds = run.GetAdjustedRealTime();
    if (result.microseconds == 0 || microseconds < result.microseconds) {
      result = {microseconds, products->second.value};
    }
  }
}

void TotalsReporter::Finalize() {
  ConsoleReporter::Finalize();
  for (const auto& [network, layers] : results_) {
    std::map<std::string, double> totals;
    double best = 0, products = 0;
    for (const auto& [layer, kernels] : layers) {
      double fastest = 0;
      for (const auto& [kernel, result] : kernels) {
        totals[kernel] += result.microseconds;
        if (fastest == 0 || result.microseconds < fastest) fastest = result.microseconds;
      }
      best += fastest;
      products += kernels.begin()->second.products;
    }
    GetOutputStream() << absl::StrFormat("%s: %d layers, %.1f M products\n", network, layers.size(),
                                         products / 1e6);
    totals["fastest of each layer"] = best;
    for (const auto& [kernel, microseconds] : totals) {
      GetOutputStream() << absl::StrFormat("  %-24s %10.1f us\n", kernel, microseconds);
    }
  }
}

}  // namespace bench
}  // namespace octet
