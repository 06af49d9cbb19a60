#include "tools/evaluate/latency.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "tools/data/batch.h"
#include "tools/evaluate/statistics.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLeastRounds = 5;

absl::StatusOr<std::unique_ptr<Session>> SessionOnFirst(const Model& model,
                                                        const SampleSource& source) {
  absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(model, source, 1);
  if (!feeder.ok()) return feeder.status();
  std::unique_ptr<Session> session;
  absl::StatusOr<int64_t> count = feeder->Fill(0, session, [](const Sample&) {});
  if (!count.ok()) return count.status();
  // The first run touches memory for the first time.
  if (absl::Status status = session->Run(); !status.ok()) return status;
  return session;
}

Clock::time_point After(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

absl::StatusOr<std::vector<double>> MedianLatencies(absl::Span<const Model* const> models,
                                                    const SampleSource& source, double seconds) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (const Model* model : models) {
    absl::StatusOr<std::unique_ptr<Session>> session = SessionOnFirst(*model, source);
    if (!session.ok()) return session.status();
    sessions.push_back(*std::move(session));
  }
  std::vector<std::vector<double>> times(sessions.size());
  const Clock::time_point end = After(seconds);
  for (int round = 0; round < kLeastRounds || Clock::now() < end; ++round) {
    for (size_t i = 0; i < sessions.size(); ++i) {
      const Clock::time_point start = Clock::now();
      if (absl::Status status = sessions[i]->Run(); !status.ok()) return status;
      times[i].push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
  }
  std::vector<double> medians;
  for (std::vector<double>& of_model : times) medians.push_back(Median(std::move(of_model)));
  return medians;
}

absl::StatusOr<std::vector<OperatorTime>> ProfileOperators(const Model& model,
                                                           const SampleSource& source,
                                                           double seconds) {
  absl::StatusOr<std::unique_ptr<Session>> session = SessionOnFirst(model, source);
  if (!session.ok()) return session.status();
  return ProfileSession(**session, seconds);
}

absl::StatusOr<std::vector<OperatorTime>> ProfileSession(Session& session, double seconds) {
  const std::vector<StepInfo>& steps = session.steps();
  std::vector<std::vector<double>> times(steps.size());
  std::vector<int64_t> step_ns(steps.size());
  const Clock::time_point end = After(seconds);
  for (int round = 0; round < kLeastRounds || Clock::now() < end; ++round) {
    std::fill(step_ns.begin(), step_ns.end(), 0);
    absl::Status status = session.RunProfiled(absl::MakeSpan(step_ns));
    if (!status.ok()) return status;
    for (size_t i = 0; i < times.size(); ++i) {
      times[i].push_back(static_cast<double>(step_ns[i]) / 1000);
    }
  }
  std::vector<OperatorTime> result;
  for (size_t i = 0; i < times.size(); ++i)
    result.push_back({steps[i], Median(std::move(times[i]))});
  return result;
}

}  // namespace octet
