#include "tools/evaluate/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/data/array.h"
#include "tools/data/batch.h"
#include "tools/evaluate/metrics.h"

namespace octet {
namespace {

constexpr int kTopFew = 5;

// The outputs of a model for one sample after another; batches hide inside.
class OutputStream {
 public:
  OutputStream(const Model& model, BatchFeeder feeder) : model_(model), feeder_(feeder) {}

  static absl::StatusOr<OutputStream> Create(const Model& model, const SampleSource& source,
                                             int64_t batch) {
    absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(model, source, batch);
    if (!feeder.ok()) return feeder.status();
    return OutputStream(model, *feeder);
  }

  // The values of all outputs for sample `index`, one output after the other. Indices must be asked
  // for in order.
  absl::StatusOr<std::vector<float>> Next(int64_t index) {
    const int64_t first = index / feeder_.batch() * feeder_.batch();
    if (index == first) {
      absl::StatusOr<int64_t> count = feeder_.Fill(first, session_, [](const Sample&) {});
      if (!count.ok()) return count.status();
      absl::Status status = session_->Run();
      if (!status.ok()) return status;
    }
    const int64_t batch = session_->input_shape(0)[0];
    std::vector<float> values;
    for (size_t i = 0; i < model_.outputs().size(); ++i) {
      absl::Status status = AppendOutput(static_cast<int>(i), index - first, batch, values);
      if (!status.ok()) return status;
      if (i == 0) first_output_size_ = values.size();
    }
    return values;
  }

  size_t first_output_size() const { return first_output_size_; }

 private:
  absl::Status AppendOutput(int output, int64_t i, int64_t batch,
                            std::vector<float>& values) const {
    const Shape& shape = session_->output_shape(output);
    if (NumElements(shape) % batch != 0 ||
        (batch > 1 && (shape.empty() || shape[0] % batch != 0))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "output '", model_.outputs()[static_cast<size_t>(output)].name, "' of shape ",
          ToString(shape), " cannot be divided into ", batch, " samples; use a batch of 1"));
    }
    const absl::Span<const uint8_t> bytes = OutputOfSample(*session_, output, i, batch);
    Array array;
    array.type = session_->output_type(output);
    array.shape = {NumElements(shape) / batch};
    array.bytes.assign(bytes.begin(), bytes.end());
    absl::StatusOr<Array> real = ConvertArray(array, DataType::kF32);
    if (!real.ok()) return real.status();
    values.insert(values.end(), real->as<float>().begin(), real->as<float>().end());
    return absl::OkStatus();
  }

  const Model& model_;
  BatchFeeder feeder_;
  std::unique_ptr<Session> session_;
  size_t first_output_size_ = 0;
};

// Sums over samples, from which the result follows.
class Tally {
 public:
  void AddClass(absl::Span<const float> scores, int class_index) {
    ++labelled_;
    top1_ += InTop(scores, class_index, 1);
    top_few_ += InTop(scores, class_index, kTopFew);
  }

  void AddPair(absl::Span<const float> reference, absl::Span<const float> output,
               size_t first_output) {
    ++compared_;
    agreeing_ += first_output > 0 &&
                 ArgMax(reference.first(first_output)) == ArgMax(output.first(first_output));
    noise_.Add(reference, output);
    const double cosine = Cosine(reference, output);
    cosine_sum_ += cosine;
    // The negation lets NaN through.
    if (!(cosine >= cosine_min_)) cosine_min_ = cosine;
  }

  void Fill(Evaluation& result) const {
    if (labelled_ > 0) {
      result.top1 = static_cast<double>(top1_) / static_cast<double>(labelled_);
      result.top5 = static_cast<double>(top_few_) / static_cast<double>(labelled_);
    }
    if (compared_ == 0) return;
    result.agreement = static_cast<double>(agreeing_) / static_cast<double>(compared_);
    result.sqnr_db = noise_.decibels();
    result.cosine_mean = cosine_sum_ / static_cast<double>(compared_);
    result.cosine_min = cosine_min_;
  }

 private:
  int64_t labelled_ = 0, top1_ = 0, top_few_ = 0, compared_ = 0, agreeing_ = 0;
  SignalToNoise noise_;
  double cosine_sum_ = 0;
  double cosine_min_ = 1;
};

}  // namespace

absl::StatusOr<std::vector<Evaluation>> EvaluateAll(absl::Span<const Model* const> models,
                                                    const Model* reference,
                                                    const SampleSource& source,
                                                    const EvaluateOptions& options) {
  std::vector<OutputStream> streams;
  for (const Model* model : models) {
    absl::StatusOr<OutputStream> stream = OutputStream::Create(*model, source, options.batch);
    if (!stream.ok()) return stream.status();
    streams.push_back(*std::move(stream));
  }
  std::unique_ptr<OutputStream> expected;
  if (reference != nullptr) {
    absl::StatusOr<OutputStream> stream = OutputStream::Create(*reference, source, options.batch);
    if (!stream.ok()) return stream.status();
    expected = std::make_unique<OutputStream>(*std::move(stream));
  }
  std::vector<Tally> tallies(models.size());
  for (int64_t i = 0; i < source.size(); ++i) {
    absl::StatusOr<std::vector<float>> truth;
    if (expected != nullptr) {
      truth = expected->Next(i);
      if (!truth.ok()) return truth.status();
    }
    for (size_t m = 0; m < streams.size(); ++m) {
      absl::StatusOr<std::vector<float>> values = streams[m].Next(i);
      if (!values.ok()) return values.status();
      const size_t first_output = streams[m].first_output_size();
      if (source.ClassOf(i) != SampleSource::kNoClass) {
        tallies[m].AddClass(absl::MakeConstSpan(*values).first(first_output), source.ClassOf(i));
      }
      if (expected == nullptr) continue;
      if (truth->size() != values->size() || expected->first_output_size() != first_output) {
        return absl::InvalidArgumentError(absl::StrCat("the model yields ", values->size(),
                                                       " values per sample, the reference ",
                                                       truth->size(), "; they cannot be compared"));
      }
      tallies[m].AddPair(*truth, *values, first_output);
    }
    if (options.progress) options.progress(i + 1, source.size());
  }
  std::vector<Evaluation> result(models.size());
  for (size_t m = 0; m < models.size(); ++m) {
    result[m].samples = source.size();
    tallies[m].Fill(result[m]);
  }
  return result;
}

absl::StatusOr<Evaluation> Evaluate(const Model& model, const Model* reference,
                                    const SampleSource& source, const EvaluateOptions& options) {
  absl::StatusOr<std::vector<Evaluation>> result =
      EvaluateAll({&model}, reference, source, options);
  if (!result.ok()) return result.status();
  return result->front();
}

}  // namespace octet
