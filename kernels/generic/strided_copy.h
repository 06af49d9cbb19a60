#ifndef OCTET_KERNELS_GENERIC_STRIDED_COPY_H_
#define OCTET_KERNELS_GENERIC_STRIDED_COPY_H_

#include <cstdint>
#include <optional>

#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/table.h"
#include "octet/thread_pool.h"

namespace octet {
namespace generic {

// Copies a box of elements from one place and order in memory to another, optionally through a
// table.
class StridedCopy {
 public:
  struct Side {
    Shape strides;       // in elements; those of `from` may be 0 or negative
    int64_t offset = 0;  // of the box's first element
  };

  // `bytes`: of an element, 1, 2, 4 or 8. Elements of a table are bytes.
  StridedCopy(const Shape& box, const Side& from, const Side& to, size_t bytes,
              const std::optional<Table>& table, const Loops& loops);

  void Run(const void* from, void* to, ThreadPool* pool) const;

 private:
  // Rows that are contiguous on both sides, a transposition of two dimensions, or neither.
  enum class Form { kRows, kTranspose, kElements };

  void CopyRows(const uint8_t* from, uint8_t* to, int64_t begin, int64_t end) const;
  void TransposePlanes(const uint8_t* from, uint8_t* to, int64_t begin, int64_t end) const;
  void CopyElements(const uint8_t* from, uint8_t* to, int64_t begin, int64_t end) const;
  void Transpose(const uint8_t* from, int64_t from_stride, uint8_t* to, int64_t to_stride,
                 int64_t rows, int64_t columns) const;
  // Applies the table to n bytes in place.
  void Translate(uint8_t* bytes, int64_t n) const;

  // n elements that are `from_stride` and `to_stride` elements apart.
  using CopyWordsFunction = void (*)(const uint8_t* from, int64_t from_stride, uint8_t* to,
                                     int64_t to_stride, int64_t n);

  Form form_ = Form::kRows;
  CopyWordsFunction copy_words_ = nullptr;  // kElements
  Nest nest_;                               // operand 0: to, operand 1: from
  Nest::Dimension columns_;  // kTranspose: the dimension that is contiguous in `from`
  int64_t blocks_ = 1;       // kTranspose: pieces that columns are cut into
  int64_t from_offset_, to_offset_;
  int64_t bytes_;
  int64_t count_;
  std::optional<Table> table_;
  const Loops& loops_;
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_STRIDED_COPY_H_
