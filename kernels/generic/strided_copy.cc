#include "kernels/generic/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "kernels/generic/parallel.h"

namespace octet {
namespace generic {
namespace {

constexpr int kTo = 0, kFrom = 1;
constexpr int64_t kBlockColumns = 64;

template <typename Word>
void CopyWords(const uint8_t* from, int64_t from_stride, uint8_t* to, int64_t to_stride,
               int64_t n) {
  const auto* in = reinterpret_cast<const Word*>(from);
  auto* out = reinterpret_cast<Word*>(to);
  if (from_stride == 0 && to_stride == 1) {
    std::fill_n(out, n, *in);
    return;
  }
  for (int64_t i = 0; i < n; ++i) out[i * to_stride] = in[i * from_stride];
}

}  // namespace

StridedCopy::StridedCopy(const Shape& box, const Side& from, const Side& to, size_t bytes,
                         const std::optional<Table>& table, const Loops& loops)
    : nest_(MakeNest(box, {to.strides, from.strides})),
      from_offset_(from.offset),
      to_offset_(to.offset),
      bytes_(static_cast<int64_t>(bytes)),
      count_(NumElements(box)),
      table_(table),
      loops_(loops) {
  const Nest::Dimension& inner = nest_.inner();
  if (inner.strides[kTo] == 1 && inner.strides[kFrom] == 1) return;
  form_ = Form::kElements;
  copy_words_ = bytes == 1   ? CopyWords<uint8_t>
                : bytes == 2 ? CopyWords<uint16_t>
                : bytes == 4 ? CopyWords<uint32_t>
                             : CopyWords<uint64_t>;
  if (inner.strides[kTo] != 1 || inner.strides[kFrom] == 0) return;
  for (size_t d = 0; d + 1 < nest_.dims.size(); ++d) {
    if (nest_.dims[d].strides[kFrom] != 1) continue;
    form_ = Form::kTranspose;
    columns_ = nest_.dims[d];
    nest_.dims.erase(nest_.dims.begin() + static_cast<std::ptrdiff_t>(d));
    blocks_ = (columns_.size + kBlockColumns - 1) / kBlockColumns;
    return;
  }
}

void StridedCopy::Run(const void* from, void* to, ThreadPool* pool) const {
  if (count_ == 0) return;
  const uint8_t* in = static_cast<const uint8_t*>(from) + from_offset_ * bytes_;
  uint8_t* out = static_cast<uint8_t*>(to) + to_offset_ * bytes_;
  const int64_t bytes = 2 * count_ * bytes_;
  const int64_t rows = nest_.rows();
  if (form_ == Form::kTranspose) {
    ParallelRanges(pool, rows * blocks_, bytes,
                   [&](int64_t begin, int64_t end) { TransposePlanes(in, out, begin, end); });
  } else if (form_ == Form::kElements) {
    ParallelRanges(pool, rows, 4 * bytes,
                   [&](int64_t begin, int64_t end) { CopyElements(in, out, begin, end); });
  } else {
    ParallelRanges(pool, rows, bytes,
                   [&](int64_t begin, int64_t end) { CopyRows(in, out, begin, end); });
  }
}

void StridedCopy::Translate(uint8_t* bytes, int64_t n) const {
  if (table_) loops_.lookup(bytes, bytes, n, table_->data());
}

void StridedCopy::CopyRows(const uint8_t* from, uint8_t* to, int64_t begin, int64_t end) const {
  const int64_t n = nest_.inner().size * bytes_;
  // Rows that are evenly spaced: the dimension outside the innermost.
  const size_t dims = nest_.dims.size();
  const Nest::Dimension even = dims > 1 ? nest_.dims[dims - 2] : Nest::Dimension();
  RowWalker row(nest_, begin);
  for (int64_t i = begin; i < end;) {
    uint8_t* out = to + row.offset(kTo) * bytes_;
    const uint8_t* in = from + row.offset(kFrom) * bytes_;
    if (table_) {
      loops_.lookup(in, out, n, table_->data());
      ++i;
      row.Next();
      continue;
    }
    const int64_t rows = std::min(even.size - i % even.size, end - i);
    loops_.copy_rows(in, even.strides[kFrom] * bytes_, out, even.strides[kTo] * bytes_, n, rows);
    i += rows;
    if (i < end) row = RowWalker(nest_, i);
  }
}

void StridedCopy::Transpose(const uint8_t* from, int64_t from_stride, uint8_t* to,
                            int64_t to_stride, int64_t rows, int64_t columns) const {
  const auto as = [](auto* p, auto zero) {
    using Word = decltype(zero);
    using Pointer =
        std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(p)>>, const Word*, Word*>;
    return reinterpret_cast<Pointer>(p);
  };
  switch (bytes_) {
    case 1:
      return loops_.transpose1(from, from_stride, to, to_stride, rows, columns);
    case 2:
      return loops_.transpose2(as(from, uint16_t{}), from_stride, as(to, uint16_t{}), to_stride,
                               rows, columns);
    case 4:
      return loops_.transpose4(as(from, uint32_t{}), from_stride, as(to, uint32_t{}), to_stride,
                               rows, columns);
    default:
      return loops_.transpose8(as(from, uint64_t{}), from_stride, as(to, uint64_t{}), to_stride,
                               rows, columns);
  }
}

void StridedCopy::TransposePlanes(const uint8_t* from, uint8_t* to, int64_t begin,
                                  int64_t end) const {
  const Nest::Dimension& inner = nest_.inner();
  RowWalker plane(nest_, begin / blocks_);
  int64_t block = begin % blocks_;
  for (int64_t i = begin; i < end; ++i) {
    const int64_t column = block * kBlockColumns;
    const int64_t columns = std::min(kBlockColumns, columns_.size - column);
    const uint8_t* in = from + (plane.offset(kFrom) + column) * bytes_;
    uint8_t* out = to + (plane.offset(kTo) + column * columns_.strides[kTo]) * bytes_;
    Transpose(in, inner.strides[kFrom], out, columns_.strides[kTo], inner.size, columns);
    for (int64_t c = 0; table_ && c < columns; ++c) {
      Translate(out + c * columns_.strides[kTo], inner.size);
    }
    if (++block < blocks_) continue;
    block = 0;
    plane.Next();
  }
}

void StridedCopy::CopyElements(const uint8_t* from, uint8_t* to, int64_t begin, int64_t end) const {
  const Nest::Dimension& inner = nest_.inner();
  RowWalker row(nest_, begin);
  for (int64_t i = begin; i < end; ++i, row.Next()) {
    uint8_t* out = to + row.offset(kTo) * bytes_;
    copy_words_(from + row.offset(kFrom) * bytes_, inner.strides[kFrom], out, inner.strides[kTo],
                inner.size);
    for (int64_t j = 0; table_ && j < inner.size; ++j) Translate(out + j * inner.strides[kTo], 1);
  }
}

}  // namespace generic
}  // namespace octet
