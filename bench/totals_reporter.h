#ifndef OCTET_BENCH_TOTALS_REPORTER_H_
#define OCTET_BENCH_TOTALS_REPORTER_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"

namespace octet {
namespace bench {

// Prints results to the console, and at the end, for each network, the sum over its layers per
// kernel and with the faster kernel for each layer. Names are NETWORK/LAYER/TYPE/KERNEL/threads:N.
class TotalsReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  struct Result {
    double microseconds;
    double products;
  };
  // By network/type/threads; then by layer; then by kernel.
  std::map<std::string, std::map<std::string, std::map<std::string, Result>>> results_;
};

}  // namespace bench
}  // namespace octet

#endif  // OCTET_BENCH_TOTALS_REPORTER_H_
