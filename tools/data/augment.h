#ifndef OCTET_TOOLS_DATA_AUGMENT_H_
#define OCTET_TOOLS_DATA_AUGMENT_H_

#include <cstdint>
#include <random>

#include "absl/status/statusor.h"
#include "tools/data/image.h"
#include "tools/data/sample_source.h"

namespace octet {

// How pictures vary from one time they are drawn to the next.
struct AugmentOptions {
  double least_area = 0.35;   // of the crop, as a share of the picture; (0, 1]
  double most_aspect = 1.33;  // of its width to its height, and of its height to its width; >= 1
  bool flip = true;           // mirrored left to right, every other time
  double mixed = 0;           // share of pictures that are blended with another one
};

// Pictures of `source`, cropped and mirrored at random (Szegedy et al. 2015), then scaled to the
// size that the model wants. Mixed ones are sums of two such pictures with random shares (Zhang et
// al., "mixup: Beyond empirical risk minimization", 2018): they have no class, but a teacher can
// say what to make of them, and so few pictures become many (Beyer et al., "Knowledge distillation:
// A good teacher is patient and consistent", 2022).
class AugmentedPictures {
 public:
  // The source, of pictures (NameOf gives their paths), must outlive the result. InvalidArgument
  // for options out of range, and for a model that does not say how large its pictures are.
  static absl::StatusOr<AugmentedPictures> Create(const SampleSource& source, const DataSpec& spec,
                                                  const AugmentOptions& options);

  // The same `draw` gives the same picture. Errors name the file. Thread-safe.
  absl::StatusOr<Sample> Load(int64_t index, uint64_t draw) const;

 private:
  AugmentedPictures(const SampleSource& source, const DataSpec& spec, const AugmentOptions& options)
      : source_(&source), spec_(spec), options_(options) {}

  absl::StatusOr<Image> Draw(int64_t index, std::mt19937_64& random) const;

  const SampleSource* source_;
  DataSpec spec_;
  AugmentOptions options_;
  int width_ = 0, height_ = 0;
};

// The part of a picture that begins at (left, top). Requires that it lies within.
Image CropImage(const Image& image, int left, int top, int width, int height);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_AUGMENT_H_
