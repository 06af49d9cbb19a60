#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/model_internal.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/process.h"
#include "tools/evaluate/latency.h"
#include "tools/evaluate/statistics.h"
#include "tools/report/bytes.h"

namespace octet::cli {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr double kNsPerS = 1e9;

struct Request {
  CommonFlags common;
  std::string model;
  double seconds = 3;
  int64_t batch = 1;
  bool profile = false;
};

struct Measurement {
  double load_ms = 0;
  double first_inference_ms = 0;
  double model_rss_mib = 0;
  std::vector<double> latencies_ms;  // sorted
  std::vector<OperatorTime> operators;
};

// Writes to all inputs what cannot slow a kernel down: small real numbers, and ones, which are
// legal as integers of any meaning.
void FillInputs(const Model& model, Session& session) {
  for (size_t i = 0; i < model.inputs().size(); ++i) {
    const int index = static_cast<int>(i);
    int64_t n = 0;
    for (float& v : session.input<float>(index)) v = std::sin(0.1f * static_cast<float>(n++));
    for (int64_t& v : session.input<int64_t>(index)) v = 1;
    for (int32_t& v : session.input<int32_t>(index)) v = 1;
    for (uint8_t& v : session.input<uint8_t>(index)) v = static_cast<uint8_t>(n++);
    for (int8_t& v : session.input<int8_t>(index)) v = static_cast<int8_t>(n++);
  }
}

// Runs until `seconds` have passed, at least a few times; durations in milliseconds.
absl::Status TimeRuns(Session& session, double seconds, std::vector<double>& latencies_ms) {
  constexpr int kLeastRuns = 5;
  const int64_t end = NowNs() + static_cast<int64_t>(seconds * kNsPerS);
  int64_t start = NowNs();
  for (int runs = 0; runs < kLeastRuns || start < end; ++runs) {
    absl::Status status = session.Run();
    if (!status.ok()) return status;
    const int64_t now = NowNs();
    latencies_ms.push_back(static_cast<double>(now - start) / kNsPerMs);
    start = now;
  }
  return absl::OkStatus();
}

absl::Status Measure(const Request& request, std::shared_ptr<const Model>& model,
                     std::unique_ptr<Session>& session, Measurement& result) {
  const double rss_before = ResidentMib();
  const int64_t start = NowNs();
  absl::StatusOr<std::shared_ptr<const Model>> loaded = LoadModel(request.model, request.common);
  if (!loaded.ok()) return loaded.status();
  model = *std::move(loaded);
  absl::StatusOr<std::vector<Shape>> shapes =
      ResolveShapes(model->inputs(), request.common.shapes, request.batch);
  if (!shapes.ok()) return shapes.status();
  absl::StatusOr<std::unique_ptr<Session>> created = model->NewSession(*shapes);
  if (!created.ok()) return WithPath(request.model, created.status());
  session = *std::move(created);
  const int64_t at_load = NowNs();
  FillInputs(*model, *session);
  absl::Status status = session->Run();
  if (!status.ok()) return status;
  const int64_t at_first = NowNs();
  result.load_ms = static_cast<double>(at_load - start) / kNsPerMs;
  result.first_inference_ms = static_cast<double>(at_first - start) / kNsPerMs;
  result.model_rss_mib = ResidentMib() - rss_before;

  std::vector<double> warm_up;
  status = TimeRuns(*session, std::min(0.5, request.seconds / 10), warm_up);
  if (status.ok()) status = TimeRuns(*session, request.seconds, result.latencies_ms);
  if (!status.ok()) return status;
  std::sort(result.latencies_ms.begin(), result.latencies_ms.end());
  if (!request.profile) return absl::OkStatus();
  absl::StatusOr<std::vector<OperatorTime>> operators = ProfileSession(*session, request.seconds);
  if (!operators.ok()) return operators.status();
  result.operators = *std::move(operators);
  return absl::OkStatus();
}

double Throughput(const Request& request, const Measurement& m) {
  double total_ms = 0;
  for (double ms : m.latencies_ms) total_ms += ms;
  return static_cast<double>(m.latencies_ms.size()) * static_cast<double>(request.batch) * 1000 /
         total_ms;
}

void PrintJson(const Request& request, const Model& model, const Session& session,
               const Measurement& m) {
  nlohmann::json json = {{"latency_ms",
                          {{"min", m.latencies_ms.front()},
                           {"median", Percentile(m.latencies_ms, 0.5)},
                           {"p90", Percentile(m.latencies_ms, 0.9)},
                           {"p99", Percentile(m.latencies_ms, 0.99)}}},
                         {"runs", m.latencies_ms.size()},
                         {"batch", request.batch},
                         {"throughput_per_s", Throughput(request, m)},
                         {"load_ms", m.load_ms},
                         {"first_inference_ms", m.first_inference_ms},
                         {"peak_rss_mib", PeakResidentMib()},
                         {"model_rss_mib", m.model_rss_mib},
                         {"weights_bytes", model.weights_bytes()},
                         {"arena_bytes", session.arena_bytes()},
                         {"threads", ThreadsOf(model)},
                         {"isa", IsaOf(model)}};
  if (request.profile) {
    json["operators"] = nlohmann::json::array();
    for (const OperatorTime& op : m.operators) {
      json["operators"].push_back({{"name", op.step.name},
                                   {"type", op.step.type},
                                   {"dtype", op.step.dtype},
                                   {"kernel", op.step.kernel},
                                   {"median_us", op.median_us}});
    }
  }
  Print(json.dump(2) + "\n");
}

void PrintProfile(const Measurement& m) {
  double total = 0;
  for (const OperatorTime& op : m.operators) total += op.median_us;
  std::vector<std::vector<std::string>> rows = {
      {"median us", "share", "type", "dtype", "kernel", "name"}};
  for (const OperatorTime& op : m.operators) {
    rows.push_back({absl::StrFormat("%.1f", op.median_us),
                    absl::StrFormat("%.1f%%", total > 0 ? 100 * op.median_us / total : 0),
                    op.step.type, op.step.dtype, op.step.kernel, op.step.name});
  }
  Print("\n" + FormatTable(rows));
}

void PrintText(const Request& request, const Model& model, const Session& session,
               const Measurement& m) {
  const auto ms = [](double value) { return absl::StrFormat("%.3f", value); };
  const auto mib = [](double value) { return absl::StrFormat("%.1f MiB", value); };
  Print(FormatTable({
      {"latency in ms", absl::StrCat("min ", ms(m.latencies_ms.front()), "  median ",
                                     ms(Percentile(m.latencies_ms, 0.5)), "  p90 ",
                                     ms(Percentile(m.latencies_ms, 0.9)), "  p99 ",
                                     ms(Percentile(m.latencies_ms, 0.99)))},
      {"throughput",
       absl::StrFormat("%.1f samples/s (batch %d)", Throughput(request, m), request.batch)},
      {"load", absl::StrCat(ms(m.load_ms), " ms; to the end of the first run ",
                            ms(m.first_inference_ms), " ms")},
      {"memory", absl::StrCat("added by the model ", mib(m.model_rss_mib), "; peak of the process ",
                              mib(PeakResidentMib()))},
      {"weights", FormatBytes(model.weights_bytes())},
      {"arena", FormatBytes(session.arena_bytes())},
      {"ran on", absl::StrCat(ThreadsOf(model), " threads, ", IsaOf(model))},
  }));
  if (request.profile) PrintProfile(m);
}

}  // namespace

absl::Status BenchCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("bench MODEL.octet [flags]", "Measures latency, memory and load time.",
                "octet bench net.int8.octet --threads 2 --seconds 5 --profile");
  Request request;
  flags.Real("seconds", "S", "how long to measure; default 3", 0, 86400, &request.seconds);
  flags.Integer("batch", "B", "samples per run; default 1", 1, 65536, &request.batch);
  flags.Switch("profile", "also the median time of each operator", &request.profile);
  request.common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, request.common, arguments, 1, 1, "one model file");
  if (!operands.ok() || request.common.help) return operands.status();
  request.model = operands->front();

  std::shared_ptr<const Model> model;
  std::unique_ptr<Session> session;
  Measurement measurement;
  absl::Status status = Measure(request, model, session, measurement);
  if (!status.ok()) return status;
  if (request.common.json) {
    PrintJson(request, *model, *session, measurement);
  } else {
    PrintText(request, *model, *session, measurement);
  }
  return absl::OkStatus();
}

}  // namespace octet::cli
