#include "tools/data/sample_source.h"

#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/data/file.h"
#include "tools/data/npy.h"

namespace octet {
namespace {

constexpr char kLabelsArray[] = "labels";

std::string InputNames(const std::vector<TensorInfo>& inputs) {
  return absl::StrJoin(inputs, ", ", [](std::string* out, const TensorInfo& info) {
    absl::StrAppend(out, "'", info.name, "' [", ToString(info.shape), "]");
  });
}

// Whether an array with these dimensions can be (a sample of) the input, whose dimension 0 is the
// batch.
bool FitsSample(const TensorInfo& input, const Shape& sample) {
  if (input.shape.size() != sample.size() + 1) return false;
  for (size_t d = 0; d < sample.size(); ++d) {
    if (input.shape[d + 1] >= 0 && input.shape[d + 1] != sample[d]) return false;
  }
  return true;
}

class ArraySource final : public SampleSource {
 public:
  ArraySource(std::vector<Array> arrays, std::vector<int> classes)
      : arrays_(std::move(arrays)), classes_(std::move(classes)) {}

  int64_t size() const override { return arrays_[0].shape[0]; }

  absl::StatusOr<Sample> Load(int64_t index) const override {
    Sample sample;
    for (const Array& array : arrays_) {
      const size_t bytes = array.bytes.size() / static_cast<size_t>(size());
      Array one;
      one.type = array.type;
      one.shape.assign(array.shape.begin() + 1, array.shape.end());
      const auto begin = array.bytes.begin() + static_cast<ptrdiff_t>(index * bytes);
      one.bytes.assign(begin, begin + static_cast<ptrdiff_t>(bytes));
      sample.push_back(std::move(one));
    }
    return sample;
  }

  int ClassOf(int64_t index) const override {
    return classes_.empty() ? kNoClass : classes_[static_cast<size_t>(index)];
  }

 private:
  std::vector<Array> arrays_;  // one per input
  std::vector<int> classes_;
};

class FunctionSource final : public SampleSource {
 public:
  FunctionSource(int64_t size, std::function<absl::StatusOr<Sample>(int64_t)> load,
                 std::vector<TensorInfo> inputs, std::vector<int> classes)
      : size_(size),
        load_(std::move(load)),
        inputs_(std::move(inputs)),
        classes_(std::move(classes)) {}

  int64_t size() const override { return size_; }

  absl::StatusOr<Sample> Load(int64_t index) const override {
    absl::StatusOr<Sample> sample = load_(index);
    if (!sample.ok()) return sample.status();
    absl::Status status = FitSample(inputs_, *sample);
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(NameOf(index), ": ", status.message()));
    }
    return sample;
  }

  int ClassOf(int64_t index) const override {
    return classes_.empty() ? kNoClass : classes_[static_cast<size_t>(index)];
  }

 private:
  int64_t size_;
  std::function<absl::StatusOr<Sample>(int64_t)> load_;
  std::vector<TensorInfo> inputs_;
  std::vector<int> classes_;
};

absl::StatusOr<std::vector<int>> ClassesOf(const Array& array, int64_t samples) {
  absl::StatusOr<Array> numbers = ConvertArray(array, DataType::kS32);
  if (!numbers.ok() || array.shape.size() != 1 || array.shape[0] != samples) {
    return absl::InvalidArgumentError(
        absl::StrCat("array '", kLabelsArray, "' should hold one integer for each of the ", samples,
                     " samples; it is ", Name(array.type), " [", ToString(array.shape), "]"));
  }
  absl::Span<const int32_t> values = numbers->as<int32_t>();
  return std::vector<int>(values.begin(), values.end());
}

// The array for `input`: the one of that name, or the only one when there is just one input.
const Array* FindArray(const NamedArrays& arrays, const DataSpec& spec, const TensorInfo& input) {
  for (const auto& [name, array] : arrays) {
    if (name == input.name) return &array;
  }
  if (spec.inputs.size() != 1) return nullptr;
  const Array* only = nullptr;
  for (const auto& [name, array] : arrays) {
    if (name == kLabelsArray) continue;
    if (only != nullptr) return nullptr;
    only = &array;
  }
  return only;
}

absl::StatusOr<Array> ArrayForInput(const NamedArrays& arrays, const DataSpec& spec,
                                    const TensorInfo& input) {
  const Array* array = FindArray(arrays, spec, input);
  if (array == nullptr) {
    const std::string found = absl::StrJoin(arrays, ", ", [](std::string* out, const auto& entry) {
      absl::StrAppend(out, "'", entry.first, "'");
    });
    return absl::InvalidArgumentError(
        absl::StrCat("no array for input '", input.name, "'; there are ", found,
                     ", the model's inputs are ", InputNames(spec.inputs)));
  }
  absl::StatusOr<Array> converted = ConvertArray(*array, input.type);
  if (!converted.ok()) {
    return absl::Status(
        converted.status().code(),
        absl::StrCat("array for input '", input.name, "': ", converted.status().message()));
  }
  return converted;
}

bool FitsInput(const TensorInfo& input, const Shape& shape) {
  if (input.shape.size() != shape.size()) return false;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (input.shape[d] >= 0 && input.shape[d] != shape[d]) return false;
  }
  return true;
}

absl::Status CheckHoldsSamples(const Array& array, const TensorInfo& input) {
  const Shape& shape = array.shape;
  if (!shape.empty() && FitsSample(input, Shape(shape.begin() + 1, shape.end()))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the array for input '", input.name, "' has shape ", ToString(shape), "; expected ",
      ToString(input.shape), input.shape.empty() ? "" : " with samples along the first dimension"));
}

}  // namespace

std::string SampleSource::NameOf(int64_t index) const { return absl::StrCat("sample ", index); }

DataSpec SpecOf(const Model& model) {
  return {model.inputs(), model.preprocessing(), model.labels()};
}

absl::Status FitSample(const std::vector<TensorInfo>& inputs, Sample& sample) {
  if (sample.size() != inputs.size()) {
    return absl::InvalidArgumentError(absl::StrCat(sample.size(), " arrays for ", inputs.size(),
                                                   " inputs: ", InputNames(inputs)));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!FitsSample(inputs[i], sample[i].shape)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shape ", ToString(sample[i].shape), " does not fit input '", inputs[i].name, "' [",
          ToString(inputs[i].shape), "], whose first dimension counts samples"));
    }
    absl::StatusOr<Array> converted = ConvertArray(sample[i], inputs[i].type);
    if (!converted.ok()) return converted.status();
    sample[i] = *std::move(converted);
  }
  return absl::OkStatus();
}

void HashSample(const Sample& sample, Sha256& hash) {
  for (const Array& array : sample) hash.Update(array.bytes);
}

absl::StatusOr<std::vector<Array>> ArraysForInputs(const NamedArrays& arrays,
                                                   const DataSpec& spec) {
  std::vector<Array> inputs;
  for (const TensorInfo& input : spec.inputs) {
    absl::StatusOr<Array> array = ArrayForInput(arrays, spec, input);
    if (!array.ok()) return array.status();
    inputs.push_back(*std::move(array));
  }
  return inputs;
}

absl::Status FitInputs(absl::Span<const Array> arrays, const std::vector<TensorInfo>& inputs) {
  std::vector<std::string> misfits;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (FitsInput(inputs[i], arrays[i].shape)) continue;
    misfits.push_back(absl::StrCat("the array for input '", inputs[i].name, "' has shape ",
                                   ToString(arrays[i].shape), "; expected ",
                                   ToString(inputs[i].shape)));
  }
  if (misfits.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(misfits, "; "));
}

bool HoldSamples(absl::Span<const Array> arrays, const std::vector<TensorInfo>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!CheckHoldsSamples(arrays[i], inputs[i]).ok()) return false;
  }
  return !inputs.empty();
}

absl::StatusOr<std::unique_ptr<SampleSource>> SamplesOf(NamedArrays arrays, const DataSpec& spec) {
  absl::StatusOr<std::vector<Array>> matched = ArraysForInputs(arrays, spec);
  if (!matched.ok()) return matched.status();
  std::vector<Array>& inputs = *matched;
  for (size_t i = 0; i < inputs.size(); ++i) {
    absl::Status status = CheckHoldsSamples(inputs[i], spec.inputs[i]);
    if (!status.ok()) return status;
    if (inputs[i].shape[0] == inputs[0].shape[0]) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "the arrays disagree on the number of samples: ", inputs[0].shape[0], " for input '",
        spec.inputs[0].name, "', ", inputs[i].shape[0], " for '", spec.inputs[i].name, "'"));
  }
  if (inputs.empty()) return absl::InvalidArgumentError("the model has no inputs");
  if (inputs[0].shape[0] == 0) return absl::InvalidArgumentError("the arrays hold no sample");
  std::vector<int> classes;
  for (const auto& [name, array] : arrays) {
    const bool is_input = std::any_of(spec.inputs.begin(), spec.inputs.end(),
                                      [&](const TensorInfo& i) { return i.name == kLabelsArray; });
    if (name != kLabelsArray || is_input) continue;
    absl::StatusOr<std::vector<int>> found = ClassesOf(array, inputs[0].shape[0]);
    if (!found.ok()) return found.status();
    classes = *std::move(found);
  }
  return std::make_unique<ArraySource>(std::move(inputs), std::move(classes));
}

absl::StatusOr<std::unique_ptr<SampleSource>> SamplesFrom(
    int64_t size, std::function<absl::StatusOr<Sample>(int64_t)> load, const DataSpec& spec,
    std::vector<int> classes) {
  if (size <= 0) return absl::InvalidArgumentError("there is no sample");
  if (!classes.empty() && static_cast<int64_t>(classes.size()) != size) {
    return absl::InvalidArgumentError(
        absl::StrCat(classes.size(), " classes for ", size, " samples"));
  }
  return std::make_unique<FunctionSource>(size, std::move(load), spec.inputs, std::move(classes));
}

}  // namespace octet
