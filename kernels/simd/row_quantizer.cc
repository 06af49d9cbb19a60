#include "kernels/simd/row_quantizer.h"

#include <algorithm>

#include "kernels/row_quantization.h"
#include "kernels/simd/parallel.h"

namespace octet {
namespace simd {
namespace {

constexpr int64_t kPiece = 16 * 1024;  // elements
constexpr int64_t kElementsPerNs = 8;  // of both passes over a row
constexpr int64_t kElementsPerNsOfOne = 16;

}  // namespace

RowQuantizer::RowQuantizer(int64_t rows, int64_t length, const CpuFeatures& cpu)
    : rows_(rows),
      length_(length),
      pieces_(std::max<int64_t>(1, (length + kPiece - 1) / kPiece)),
      loops_(generic::LoopsFor(cpu).rows) {}

size_t RowQuantizer::scratch_bytes() const {
  if (pieces_ == 1) return 0;
  return static_cast<size_t>(rows_) *
         (static_cast<size_t>(pieces_) * sizeof(RowRange) + sizeof(RowParams));
}

void RowQuantizer::Run(const float* x, uint8_t* q, RowNumbers* numbers, uint8_t* scratch,
                       ThreadPool* pool) const {
  if (pieces_ > 1) return RunPieces(x, q, numbers, scratch, pool);
  ParallelRanges(pool, rows_, rows_ * length_ / kElementsPerNs, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) RunRow(x + i * length_, q + i * length_, numbers[i]);
  });
}

void RowQuantizer::RunRow(const float* x, uint8_t* q, RowNumbers& numbers) const {
  const RowParams params = AffineRow(loops_.range(x, length_));
  loops_.quantize_u8(x, q, length_, params.inv_scale, params.zero_point);
  numbers = {params.scale, params.zero_point};
}

int64_t RowQuantizer::piece_length(int64_t piece) const {
  return std::min(kPiece, length_ - piece * kPiece);
}

void RowQuantizer::RunPieces(const float* x, uint8_t* q, RowNumbers* numbers, uint8_t* scratch,
                             ThreadPool* pool) const {
  auto* params = reinterpret_cast<RowParams*>(scratch);
  auto* ranges = reinterpret_cast<RowRange*>(params + rows_);
  const int64_t total_ns = rows_ * length_ / kElementsPerNsOfOne;
  ParallelRanges(pool, rows_ * pieces_, total_ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i / pieces_, piece = i % pieces_;
      ranges[i] = loops_.range(x + row * length_ + piece * kPiece, piece_length(piece));
    }
  });
  for (int64_t row = 0; row < rows_; ++row) {
    RowRange range;
    for (int64_t i = 0; i < pieces_; ++i) range = Union(range, ranges[row * pieces_ + i]);
    params[row] = AffineRow(range);
    numbers[row] = {params[row].scale, params[row].zero_point};
  }
  ParallelRanges(pool, rows_ * pieces_, total_ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i / pieces_, piece = i % pieces_, at = row * length_ + piece * kPiece;
      loops_.quantize_u8(x + at, q + at, piece_length(piece), params[row].inv_scale,
                         params[row].zero_point);
    }
  });
}

}  // namespace simd
}  // namespace octet
