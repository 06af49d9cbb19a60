#ifndef OCTET_TOOLS_DATA_SAMPLE_SOURCE_H_
#define OCTET_TOOLS_DATA_SAMPLE_SOURCE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "tools/data/array.h"
#include "tools/data/sha256.h"

namespace octet {

// What a model wants to be fed with.
struct DataSpec {
  std::vector<TensorInfo> inputs;
  absl::optional<ImagePreprocessing> preprocessing;
  std::vector<std::string> labels;  // names of classes, may be empty
};

DataSpec SpecOf(const Model& model);

// One sample: an array per model input, of the input's type and without its leading dimension,
// which counts samples.
using Sample = std::vector<Array>;

// Samples to calibrate, evaluate or run a model with. Immutable: several threads may load at once.
class SampleSource {
 public:
  static constexpr int kNoClass = -1;

  virtual ~SampleSource() = default;
  virtual int64_t size() const = 0;
  // Requires 0 <= index < size(). Errors name the file or the sample.
  virtual absl::StatusOr<Sample> Load(int64_t index) const = 0;
  // Class of a sample, counted from 0, or kNoClass.
  virtual int ClassOf(int64_t /*index*/) const { return kNoClass; }
  // What to call the sample in a message.
  virtual std::string NameOf(int64_t index) const;
};

// Opens what `path` names: a folder of pictures, one picture, or an .npz or .npy file.
//  - A folder: all .jpg, .jpeg and .png files in it, sorted by name, with the classes of
//  `labels.csv` (a header
//    with the columns `file` and `class`; a class is a number from 0 or one of spec.labels).
//    Without that file, subfolders may hold the pictures, one per class: a class is the folder's
//    name if that is a number or one of spec.labels, else its place in sorted order.
//  - .npz: arrays by input name, whose leading dimension counts samples; an array `labels` of
//  integers gives
//    the classes. .npy, or a .npz with one array: the input, if the model has just one.
// InvalidArgument when there is no sample, when an array fits no input or its sizes do not, or when
// pictures are given to a model without preprocessing.
absl::StatusOr<std::unique_ptr<SampleSource>> OpenSamples(const std::string& path,
                                                          const DataSpec& spec);

// The pictures `paths`, in that order.
absl::StatusOr<std::unique_ptr<SampleSource>> OpenPictures(std::vector<std::string> paths,
                                                           const DataSpec& spec);

// `arrays` as samples of the inputs of `spec`; the rules are those of .npz files.
absl::StatusOr<std::unique_ptr<SampleSource>> SamplesOf(NamedArrays arrays, const DataSpec& spec);

// The arrays for the inputs of `spec`, in the order of the inputs and of their types; shapes are as
// they are. InvalidArgument names an input without array, or a type that cannot be converted.
absl::StatusOr<std::vector<Array>> ArraysForInputs(const NamedArrays& arrays, const DataSpec& spec);

// InvalidArgument names each array that has another rank than its input, or another size where the
// input fixes one. Requires an array per input.
absl::Status FitInputs(absl::Span<const Array> arrays, const std::vector<TensorInfo>& inputs);

// Whether each array fits its input but for the first dimension, which may count samples. Requires
// an array per input.
bool HoldSamples(absl::Span<const Array> arrays, const std::vector<TensorInfo>& inputs);

// Samples that a function makes. What it returns is checked against `spec`. Classes may be empty.
absl::StatusOr<std::unique_ptr<SampleSource>> SamplesFrom(
    int64_t size, std::function<absl::StatusOr<Sample>(int64_t)> load, const DataSpec& spec,
    std::vector<int> classes = {});

// The first samples of another source, which must outlive this one.
class FirstSamples final : public SampleSource {
 public:
  // At most `count` samples.
  FirstSamples(const SampleSource& source, int64_t count)
      : source_(source), size_(std::min(count, source.size())) {}

  int64_t size() const override { return size_; }
  absl::StatusOr<Sample> Load(int64_t index) const override { return source_.Load(index); }
  int ClassOf(int64_t index) const override { return source_.ClassOf(index); }
  std::string NameOf(int64_t index) const override { return source_.NameOf(index); }

 private:
  const SampleSource& source_;
  int64_t size_;
};

// Adds a sample's bytes to a hash.
void HashSample(const Sample& sample, Sha256& hash);

// Whether `sample` fits the inputs: as many arrays, of their types, and sizes as far as they are
// known. Converts types where ConvertArray can.
absl::Status FitSample(const std::vector<TensorInfo>& inputs, Sample& sample);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_SAMPLE_SOURCE_H_
