#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"

namespace octet {
namespace reference {
namespace {

// Samples per bin and dimension. A region this much larger than its bins is no region of a picture.
constexpr int64_t kMaxSamples = 4096;

// A sample's place along one dimension: between two pixels, or nowhere.
struct Place {
  int64_t low = 0, high = 0;
  double part = 0;  // of `high`
  bool outside = false;

  Place(float position, int64_t size) {
    outside = !(position >= -1.0f && position <= static_cast<float>(size));
    if (outside) return;
    const float inside = std::max(position, 0.0f);
    low = std::min(static_cast<int64_t>(inside), size - 1);
    high = std::min(low + 1, size - 1);
    part = low == high ? 0 : static_cast<double>(inside) - static_cast<double>(low);
  }
};

// One dimension of a region.
struct Extent {
  float begin, bin;
  int64_t samples;

  // Reports what cannot be sampled and leaves nothing to sample then.
  Extent(const schema::RoiAlignOptionsT& options, float from, float to, int64_t bins,
         RunError* error) {
    const float shift = options.half_pixel ? 0.5f : 0.0f;
    begin = from * options.spatial_scale - shift;
    float size = to * options.spatial_scale - shift - begin;
    if (!options.half_pixel) size = std::max(size, 1.0f);
    bin = size / static_cast<float>(bins);
    const float wanted =
        options.sampling_ratio > 0 ? static_cast<float>(options.sampling_ratio) : std::ceil(bin);
    samples = 0;
    if (std::isfinite(begin) && wanted <= static_cast<float>(kMaxSamples)) {
      samples = wanted > 0 ? static_cast<int64_t>(wanted) : 0;
      return;
    }
    constexpr float kMost = 1e18f;
    error->Report("the number of samples in a bin of a region",
                  wanted < kMost ? static_cast<int64_t>(std::max(wanted, -kMost))
                                 : std::numeric_limits<int64_t>::max(),
                  0, kMaxSamples);
  }

  std::vector<Place> Places(int64_t index, int64_t x_size) const {
    std::vector<Place> places;
    const float first = begin + static_cast<float>(index) * bin;
    for (int64_t i = 0; i < samples; ++i) {
      const float step = (static_cast<float>(i) + 0.5f) * bin / static_cast<float>(samples);
      places.emplace_back(first + step, x_size);
    }
    return places;
  }
};

// What the bins of a region hold in one channel.
class Bin {
 public:
  Bin(schema::RoiAlignMode mode, std::vector<Place> rows, std::vector<Place> columns)
      : maximum_(mode == schema::RoiAlignMode::MAXIMUM),
        rows_(std::move(rows)),
        columns_(std::move(columns)) {}

  // `offset`: of the channel's first pixel. The largest is taken of the four weighted pixels about
  // every sample, not of their sums, as ONNX has it.
  double Pool(const Numbers& x, int64_t offset) const {
    const int64_t row_stride = x.strides()[2], column_stride = x.strides()[3];
    double sum = 0, most = 0;
    bool first = true;
    for (const Place& row : rows_) {
      for (const Place& column : columns_) {
        double terms[4] = {};
        if (!row.outside && !column.outside) {
          const auto term = [&](int64_t r, int64_t c, double weight) {
            return weight * x.Real(offset + r * row_stride + c * column_stride);
          };
          terms[0] = term(row.low, column.low, (1 - row.part) * (1 - column.part));
          terms[1] = term(row.low, column.high, (1 - row.part) * column.part);
          terms[2] = term(row.high, column.low, row.part * (1 - column.part));
          terms[3] = term(row.high, column.high, row.part * column.part);
        }
        sum += terms[0] + terms[1] + terms[2] + terms[3];
        const double largest = *std::max_element(terms, terms + 4);
        most = first ? largest : std::max(most, largest);
        first = false;
      }
    }
    if (maximum_) return most;
    return first ? 0 : sum / static_cast<double>(rows_.size() * columns_.size());
  }

 private:
  bool maximum_;
  std::vector<Place> rows_, columns_;
};

int64_t BatchIndex(const Operand& operand, const void* data, int64_t i) {
  return operand.type == DataType::kS32 ? static_cast<const int32_t*>(data)[i]
                                        : static_cast<const int64_t*>(data)[i];
}

void Compute(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::RoiAlignOptionsT>();
  const Numbers x = problem.In(0, args), rois = problem.In(1, args);
  Numbers y = problem.Out(0, args);
  const int64_t batch = x.shape()[0], channels = x.shape()[1];
  for (int64_t r = 0; r < y.shape()[0]; ++r) {
    const int64_t image = BatchIndex(problem.inputs[2], args.inputs[2], r);
    if (image < 0 || image >= batch) {
      args.error->Report("batch index", image, 0, batch - 1);
      return;
    }
    const auto roi = [&](int64_t k) { return rois.Real(rois.Offset({r, k})); };
    const Extent height(options, roi(1), roi(3), options.output_height, args.error);
    const Extent width(options, roi(0), roi(2), options.output_width, args.error);
    if (args.error->is_set()) return;
    for (int64_t i = 0; i < y.shape()[2]; ++i) {
      for (int64_t j = 0; j < y.shape()[3]; ++j) {
        const Bin bin(options.mode, height.Places(i, x.shape()[2]), width.Places(j, x.shape()[3]));
        for (int64_t c = 0; c < channels; ++c) {
          y.SetReal(y.Offset({r, c, i, j}),
                    static_cast<float>(bin.Pool(x, x.Offset({image, c, 0, 0}))));
        }
      }
    }
  }
}

absl::Status Check(const KernelContext& context) {
  const Operand& indices = context.input(2);
  if (indices.type != DataType::kS32 && indices.type != DataType::kS64) {
    return absl::UnimplementedError(absl::StrCat("batch indices are ", Describe(indices)));
  }
  const bool real = IsF32(context.input(0)) && IsF32(context.input(1)) && IsF32(context.output());
  return real ? absl::OkStatus() : absl::UnimplementedError("x, rois and y must be f32");
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceRoiAlign = {"reference", reference::Check,
                                        reference::PrepareWith<reference::Compute>};

}  // namespace octet
