#include "tools/data/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace octet {
namespace {

// A number in [0, 1), the same with every C++ library.
double Uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// A size within [1, limit].
int Within(double size, int limit) {
  return std::clamp(static_cast<int>(std::lround(size)), 1, limit);
}

// `share` of `other` in place of as much of `image`. Both have one size.
void Blend(const Image& other, double share, Image& image) {
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    const double mixed = (1 - share) * image.rgb[i] + share * other.rgb[i];
    image.rgb[i] = static_cast<uint8_t>(std::lround(mixed));
  }
}

}  // namespace

Image CropImage(const Image& image, int left, int top, int width, int height) {
  Image result;
  result.width = width;
  result.height = height;
  result.rgb.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  const size_t row = static_cast<size_t>(width) * 3;
  for (int y = 0; y < height; ++y) {
    const size_t from = (static_cast<size_t>(top + y) * static_cast<size_t>(image.width) +
                         static_cast<size_t>(left)) *
                        3;
    std::memcpy(result.rgb.data() + static_cast<size_t>(y) * row, image.rgb.data() + from, row);
  }
  return result;
}

absl::StatusOr<AugmentedPictures> AugmentedPictures::Create(const SampleSource& source,
                                                            const DataSpec& spec,
                                                            const AugmentOptions& options) {
  if (!(options.least_area > 0 && options.least_area <= 1 && options.most_aspect >= 1)) {
    return absl::InvalidArgumentError(absl::StrCat("a crop of ", options.least_area,
                                                   " of a picture or more, of aspect ",
                                                   options.most_aspect, " or less, cannot be"));
  }
  if (!(options.mixed >= 0 && options.mixed <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a share of mixed pictures of ", options.mixed, " is not within [0, 1]"));
  }
  AugmentedPictures pictures(source, spec, options);
  if (!spec.preprocessing || spec.inputs.size() != 1 || spec.inputs[0].shape.size() != 4) {
    return absl::InvalidArgumentError("the model's input is not a picture");
  }
  const Shape& shape = spec.inputs[0].shape;
  const int crop = spec.preprocessing->crop;
  pictures.height_ = crop > 0 ? crop : static_cast<int>(shape[2]);
  pictures.width_ = crop > 0 ? crop : static_cast<int>(shape[3]);
  if (pictures.height_ > 0 && pictures.width_ > 0) return pictures;
  return absl::InvalidArgumentError("the model does not say how large its pictures are");
}

absl::StatusOr<Image> AugmentedPictures::Draw(int64_t index, std::mt19937_64& random) const {
  const absl::StatusOr<Image> image = ReadImage(source_->NameOf(index));
  if (!image.ok()) return image.status();
  const double share = options_.least_area + (1 - options_.least_area) * Uniform(random);
  const double log_aspect = std::log(options_.most_aspect) * (2 * Uniform(random) - 1);
  // Of the target's shape, so that little is distorted.
  const double aspect =
      std::exp(log_aspect) * static_cast<double>(width_) / static_cast<double>(height_);
  const double area = share * image->width * image->height;
  const int width = Within(std::sqrt(area * aspect), image->width);
  const int height = Within(std::sqrt(area / aspect), image->height);
  const int left = static_cast<int>(Uniform(random) * (image->width - width + 1));
  const int top = static_cast<int>(Uniform(random) * (image->height - height + 1));
  Image picture = ResizeImage(CropImage(*image, left, top, width, height), width_, height_);
  constexpr int kMirrored = 2;  // as EXIF counts
  if (options_.flip && Uniform(random) < 0.5) picture = ApplyOrientation(picture, kMirrored);
  return picture;
}

absl::StatusOr<Sample> AugmentedPictures::Load(int64_t index, uint64_t draw) const {
  std::mt19937_64 random(draw);
  absl::StatusOr<Image> picture = Draw(index, random);
  if (!picture.ok()) return picture.status();
  if (options_.mixed > 0 && Uniform(random) < options_.mixed) {
    const auto count = static_cast<double>(source_->size());
    const auto second = static_cast<int64_t>(Uniform(random) * count);
    const absl::StatusOr<Image> other = Draw(second, random);
    if (!other.ok()) return other.status();
    Blend(*other, Uniform(random), *picture);
  }
  ImagePreprocessing preprocessing = *spec_.preprocessing;
  preprocessing.resize = preprocessing.crop = 0;
  std::vector<float> planes;
  absl::StatusOr<ImageSize> size = PreprocessImage(*picture, preprocessing, planes);
  absl::Status status = size.status();
  Sample sample;
  if (status.ok()) {
    sample.push_back(ArrayOf<float>(DataType::kF32, {3, size->height, size->width}, planes));
    status = FitSample(spec_.inputs, sample);
  }
  if (status.ok()) return sample;
  return absl::Status(status.code(), absl::StrCat(source_->NameOf(index), ": ", status.message()));
}

}  // namespace octet
