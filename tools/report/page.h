#ifndef OCTET_TOOLS_REPORT_PAGE_H_
#define OCTET_TOOLS_REPORT_PAGE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"

// What a report on a quantization shows, and the page that shows it.

namespace octet::report {

// One attempt on the road from the float model to the result.
struct Step {
  std::string name;  // "static, mse"
  absl::optional<double> top1;
  absl::optional<double> agreement;
  absl::optional<double> sqnr_db;  // may be infinite
  absl::optional<double> cosine_mean;
  absl::optional<double> cosine_min;
  absl::optional<double> latency_ms;
  absl::optional<uint64_t> bytes;  // of the file
  double seconds = 0;              // that the attempt took
  bool chosen = false;
  std::string remark;  // why it was taken or not
};

// One operator of the result.
struct Layer {
  std::string name;
  std::string type;                  // "Conv"
  std::string computes;              // the elements that it combines: "u8 x s8", "bf16"
  std::string yields;                // type of its output: "u8", "f32"
  std::string kernel;                // registry row and implementation
  absl::optional<double> median_us;  // time of a run
  absl::optional<double> sqnr_db;    // of its output against the float model's
  absl::optional<double> alone_db;   // of the model's output when only this operator is quantized
};

// A calibrated tensor: how often values occurred, and the range that was chosen for it.
struct TensorHistogram {
  std::string tensor;
  double low = 0;    // lower end of the first bin
  double width = 0;  // of a bin
  std::vector<double> counts;
  double range_min = 0;
  double range_max = 0;
};

struct Page {
  std::string title;
  std::string verdict;  // one or two sentences
  bool success = true;
  std::vector<std::pair<std::string, std::string>> facts;  // shown as a small table
  std::vector<Step> steps;
  std::vector<Layer> layers;  // in order of execution
  std::vector<TensorHistogram> histograms;
};

// The page as one self-contained HTML file: no script, nothing fetched, light and dark.
std::string ToHtml(const Page& page);

}  // namespace octet::report

#endif  // OCTET_TOOLS_REPORT_PAGE_H_
