#include "tools/data/batch.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace octet {
namespace {

std::vector<Shape> BatchShapes(const Sample& sample, int64_t batch) {
  std::vector<Shape> shapes;
  for (const Array& array : sample) {
    Shape shape = {batch};
    shape.insert(shape.end(), array.shape.begin(), array.shape.end());
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

bool HasShapes(const Session& session, const std::vector<Shape>& shapes) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (session.input_shape(static_cast<int>(i)) != shapes[i]) return false;
  }
  return true;
}

absl::Status EnsureShapes(const Model& model, const std::vector<Shape>& shapes,
                          std::unique_ptr<Session>& session) {
  if (session == nullptr) {
    absl::StatusOr<std::unique_ptr<Session>> created = model.NewSession(shapes);
    if (!created.ok()) return created.status();
    session = *std::move(created);
    return absl::OkStatus();
  }
  return HasShapes(*session, shapes) ? absl::OkStatus() : session->Resize(shapes);
}

absl::Status CheckTypes(const Model& model, const Sample& sample) {
  const std::vector<TensorInfo>& inputs = model.inputs();
  bool fits = sample.size() == inputs.size();
  for (size_t i = 0; fits && i < inputs.size(); ++i) fits = sample[i].type == inputs[i].type;
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the samples were made for a model with other inputs; this one has ",
                   inputs.size(), ", the first is ", Name(inputs[0].type)));
}

void CopyToInputs(const Sample& sample, int64_t position, Session& session) {
  for (size_t i = 0; i < sample.size(); ++i) {
    const std::vector<uint8_t>& bytes = sample[i].bytes;
    if (bytes.empty()) continue;
    auto* input = static_cast<uint8_t*>(session.input_data(static_cast<int>(i)));
    std::memcpy(input + static_cast<size_t>(position) * bytes.size(), bytes.data(), bytes.size());
  }
}

}  // namespace

absl::StatusOr<BatchFeeder> BatchFeeder::Create(const Model& model, const SampleSource& source,
                                                int64_t batch) {
  int64_t fixed = -1;
  for (const TensorInfo& input : model.inputs()) {
    if (input.shape.empty() || input.shape[0] == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", input.name, "' has no dimension that counts samples"));
    }
    if (input.shape[0] < 0) continue;
    if (fixed >= 0 && fixed != input.shape[0]) {
      return absl::InvalidArgumentError(absl::StrCat("the model's inputs have batches of ", fixed,
                                                     " and ", input.shape[0],
                                                     "; their first dimensions should be equal"));
    }
    fixed = input.shape[0];
  }
  return BatchFeeder(model, source, fixed >= 0 ? fixed : std::max<int64_t>(1, batch), fixed >= 0);
}

absl::StatusOr<int64_t> BatchFeeder::Fill(int64_t first, std::unique_ptr<Session>& session,
                                          absl::FunctionRef<void(const Sample&)> on_sample) const {
  const int64_t count = std::min(batch_, source_->size() - first);
  const int64_t capacity = fixed_ ? batch_ : count;
  std::vector<Shape> shapes;
  Sample sample;
  for (int64_t i = 0; i < capacity; ++i) {
    if (i < count) {
      absl::StatusOr<Sample> loaded = source_->Load(first + i);
      if (!loaded.ok()) return loaded.status();
      sample = *std::move(loaded);
      absl::Status status = CheckTypes(*model_, sample);
      if (!status.ok()) return status;
      on_sample(sample);
    }
    std::vector<Shape> wanted = BatchShapes(sample, capacity);
    if (i == 0) {
      shapes = std::move(wanted);
      absl::Status status = EnsureShapes(*model_, shapes, session);
      if (!status.ok()) return status;
    } else if (wanted != shapes) {
      return absl::InvalidArgumentError(
          absl::StrCat(source_->NameOf(first + i),
                       " has other sizes than the samples before it; use a batch of 1"));
    }
    CopyToInputs(sample, i, *session);
  }
  return count;
}

absl::Status RunOverSamples(
    const Model& model, const SampleSource& source, int64_t batch,
    absl::FunctionRef<absl::Status(const Session&, int64_t first, int64_t count)> on_batch) {
  absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(model, source, batch);
  if (!feeder.ok()) return feeder.status();
  std::unique_ptr<Session> session;
  for (int64_t first = 0; first < source.size(); first += feeder->batch()) {
    absl::StatusOr<int64_t> count = feeder->Fill(first, session, [](const Sample&) {});
    if (!count.ok()) return count.status();
    absl::Status status = session->Run();
    if (status.ok()) status = on_batch(*session, first, *count);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Span<const uint8_t> OutputOfSample(const Session& session, int index, int64_t i,
                                         int64_t batch) {
  const size_t bytes = static_cast<size_t>(NumElements(session.output_shape(index))) *
                       SizeOf(session.output_type(index)) / static_cast<size_t>(batch);
  const auto* data = static_cast<const uint8_t*>(session.output_data(index));
  return {data + static_cast<size_t>(i) * bytes, bytes};
}

}  // namespace octet
