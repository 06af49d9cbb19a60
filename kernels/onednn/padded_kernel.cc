#include "kernels/onednn/padded_kernel.h"

#include <algorithm>
#include <cstring>

namespace octet {
namespace onednn {
namespace {

constexpr int kMaxInputs = 4;

// A dimension before and after padding.
struct Extent {
  int64_t size = 1, begin = 0, end = 0;

  int64_t padded() const { return begin + size + end; }
  // Where index `i` of the padded dimension lies in the original one, which it may be outside of.
  int64_t Original(int64_t i) const { return i - begin; }
  bool Has(int64_t original) const { return original >= 0 && original < size; }
};

// Dimension `i`, counted from the last one, of up to 3 spatial dimensions.
Extent SpatialExtent(const Padding& p, size_t i) {
  const size_t count = p.begin.size();
  if (i >= count) return {};
  const size_t d = count - 1 - i;
  return {p.shape[2 + d], p.begin[d], p.end[d]};
}

}  // namespace

Shape Padding::padded_shape() const {
  Shape result = shape;
  for (size_t i = 0; i < begin.size(); ++i) result[2 + i] += begin[i] + end[i];
  return result;
}

void Pad(const Padding& padding, const uint8_t* x, uint8_t* padded, ThreadPool* pool) {
  const int64_t channels = padding.shape[1];
  const Extent width = SpatialExtent(padding, 0), height = SpatialExtent(padding, 1),
               depth = SpatialExtent(padding, 2);
  const auto pad_row = [&](int64_t row) {
    uint8_t* to = padded + row * width.padded() * channels;
    const int64_t h = height.Original(row % height.padded());
    const int64_t d = depth.Original(row / height.padded() % depth.padded());
    const int64_t n = row / height.padded() / depth.padded();
    if (!height.Has(h) || !depth.Has(d)) {
      std::memset(to, padding.value, width.padded() * channels);
      return;
    }
    const int64_t source = (n * depth.size + d) * height.size + h;
    std::memset(to, padding.value, width.begin * channels);
    to += width.begin * channels;
    std::memcpy(to, x + source * width.size * channels, width.size * channels);
    to += width.size * channels;
    std::memset(to, padding.value, width.end * channels);
  };
  const int64_t rows = padding.shape[0] * depth.padded() * height.padded();
  if (!padding.on_pool) {
    for (int64_t row = 0; row < rows; ++row) pad_row(row);
    return;
  }
  const int64_t parts = std::min<int64_t>(rows, pool->threads());
  pool->ParallelFor(parts, [&](int64_t part) {
    for (int64_t row = rows * part / parts; row < rows * (part + 1) / parts; ++row) pad_row(row);
  });
}

PaddedKernel::PaddedKernel(Padding padding, int inputs, std::unique_ptr<Kernel> inner)
    : padding_(std::move(padding)),
      inputs_(std::min(inputs, kMaxInputs)),
      inner_(std::move(inner)) {
  copy_bytes_ = (static_cast<size_t>(NumElements(padding_.padded_shape())) + 63) / 64 * 64;
}

void PaddedKernel::Run(const RunArgs& args) const {
  Pad(padding_, static_cast<const uint8_t*>(args.inputs[0]), args.scratch, args.pool);
  const void* inputs[kMaxInputs] = {args.scratch};
  std::copy(args.inputs + 1, args.inputs + inputs_, inputs + 1);
  inner_->Run({inputs, args.outputs, args.scratch + copy_bytes_, args.pool, args.error});
}

}  // namespace onednn
}  // namespace octet
