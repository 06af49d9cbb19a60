#include "kernels/generic/nest.h"

#include <algorithm>

namespace octet {
namespace generic {

int64_t Nest::rows() const {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < dims.size(); ++i) rows *= dims[i].size;
  return rows;
}

Nest MakeNest(const Shape& shape, absl::Span<const Shape> strides) {
  Nest nest;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    Nest::Dimension dimension;
    dimension.size = shape[d];
    for (size_t i = 0; i < strides.size(); ++i) dimension.strides[i] = strides[i][d];
    nest.dims.push_back(dimension);
  }
  std::stable_sort(nest.dims.begin(), nest.dims.end(),
                   [](const Nest::Dimension& a, const Nest::Dimension& b) {
                     return a.strides[0] > b.strides[0];
                   });
  std::vector<Nest::Dimension> merged;
  for (const Nest::Dimension& d : nest.dims) {
    const bool continues =
        !merged.empty() &&
        std::equal(d.strides, d.strides + strides.size(), merged.back().strides,
                   [&](int64_t inner, int64_t outer) { return outer == inner * d.size; });
    if (continues) {
      const int64_t size = merged.back().size * d.size;
      merged.back() = d;
      merged.back().size = size;
    } else {
      merged.push_back(d);
    }
  }
  if (merged.empty()) {
    merged.emplace_back();
    std::fill_n(merged.back().strides, strides.size(), 1);
  }
  nest.dims = std::move(merged);
  return nest;
}

RowWalker::RowWalker(const Nest& nest, int64_t row) : nest_(&nest) {
  for (size_t d = nest.dims.size() - 1; d-- > 0;) {
    const Nest::Dimension& dimension = nest.dims[d];
    index_[d] = row % dimension.size;
    row /= dimension.size;
    for (int i = 0; i < Nest::kMaxOperands; ++i) offsets_[i] += index_[d] * dimension.strides[i];
  }
}

void RowWalker::Next() {
  for (size_t d = nest_->dims.size() - 1; d-- > 0;) {
    const Nest::Dimension& dimension = nest_->dims[d];
    for (int i = 0; i < Nest::kMaxOperands; ++i) offsets_[i] += dimension.strides[i];
    if (++index_[d] < dimension.size) return;
    index_[d] = 0;
    for (int i = 0; i < Nest::kMaxOperands; ++i) {
      offsets_[i] -= dimension.size * dimension.strides[i];
    }
  }
}

Shape BroadcastStrides(const Shape& from, const Shape& strides, size_t rank) {
  Shape result(rank, 0);
  const size_t lead = rank - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1) result[lead + i] = strides[i];
  }
  return result;
}

bool SameOrder(const Operand& a, const Operand& b) {
  const Shape sa = Strides(a.shape, a.layout), sb = Strides(b.shape, b.layout);
  for (size_t i = 0; i < a.shape.size(); ++i) {
    if (a.shape[i] != 1 && sa[i] != sb[i]) return false;
  }
  return true;
}

}  // namespace generic
}  // namespace octet
