#include <algorithm>
#include <cstring>

#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"

// Range, OneHot and Trilu: results that mostly follow from where an element stands. Operands are
// row-major.

namespace octet {
namespace generic {
namespace {

// ---- Range ----

class RangeKernel : public Kernel {
 public:
  explicit RangeKernel(const KernelContext& context)
      : options_(context.node->as<schema::RangeOptionsT>()),
        type_(context.output().type),
        count_(NumElements(context.output().shape)) {}

  void Run(const RunArgs& args) const override {
    DispatchComputed(type_, [&](auto zero) {
      using T = decltype(zero);
      auto* y = static_cast<T*>(args.outputs[0]);
      for (int64_t i = 0; i < count_; ++i) {
        y[i] = ConvertTo<T>(options_.start + static_cast<double>(i) * options_.delta);
      }
    });
  }

 private:
  schema::RangeOptionsT options_;
  DataType type_;
  int64_t count_;
};

absl::Status CheckRange(const KernelContext& context) {
  const Operand& y = context.output();
  if (IsF32(y) || IsPlainInteger(y)) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("no range of ", Describe(y)));
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareRange(const KernelContext& context) {
  return std::make_unique<RangeKernel>(context);
}

// ---- OneHot ----

using IndexReader = int64_t (*)(const void* indices, int64_t i);

template <typename T>
int64_t ReadIndex(const void* indices, int64_t i) {
  return ConvertTo<int64_t>(static_cast<const T*>(indices)[i]);
}

IndexReader IndexReaderOf(DataType type) {
  IndexReader reader = nullptr;
  DispatchAny(type, [&](auto zero) { reader = ReadIndex<decltype(zero)>; });
  return reader;
}

class OneHotKernel : public Kernel {
 public:
  explicit OneHotKernel(const KernelContext& context)
      : read_(IndexReaderOf(context.input(0).type)), type_(context.output().type) {
    const auto& options = context.node->as<schema::OneHotOptionsT>();
    const Shape& y = context.output().shape;
    const auto axis = static_cast<size_t>(options.axis);
    depth_ = options.depth;
    for (size_t d = 0; d < y.size(); ++d) {
      if (d != axis) (d < axis ? outer_ : inner_) *= y[d];
    }
  }

  void Run(const RunArgs& args) const override {
    const int64_t bytes = outer_ * depth_ * inner_ * static_cast<int64_t>(SizeOf(type_));
    DispatchSize(type_, [&](auto zero) {
      using T = decltype(zero);
      const auto* values = static_cast<const T*>(args.inputs[1]);
      auto* y = static_cast<T*>(args.outputs[0]);
      ParallelRanges(args.pool, outer_, bytes, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          Fill(args.inputs[0], i, values, y + i * depth_ * inner_);
        }
      });
    });
  }

 private:
  template <typename T>
  void Fill(const void* indices, int64_t outer, const T* values, T* y) const {
    std::fill_n(y, depth_ * inner_, values[0]);
    for (int64_t j = 0; j < inner_; ++j) {
      int64_t index = read_(indices, outer * inner_ + j);
      if (index < 0 && index >= -depth_) index += depth_;
      if (index >= 0 && index < depth_) y[index * inner_ + j] = values[1];
    }
  }

  IndexReader read_;
  DataType type_;
  int64_t outer_ = 1, depth_ = 0, inner_ = 1;
};

absl::Status CheckOneHot(const KernelContext& context) {
  const Operand &indices = context.input(0), &values = context.input(1), &y = context.output();
  if (indices.quant == nullptr && IndexReaderOf(indices.type) != nullptr &&
      SameNumbers(values, y)) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat("indices ", Describe(indices), " and values ",
                                               Describe(values), " for ", Describe(y)));
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareOneHot(const KernelContext& context) {
  return std::make_unique<OneHotKernel>(context);
}

// ---- Trilu ----

class TriluKernel : public Kernel {
 public:
  explicit TriluKernel(const KernelContext& context)
      : options_(context.node->as<schema::TriluOptionsT>()),
        size_(static_cast<int64_t>(SizeOf(context.output().type))) {
    const Shape& shape = context.output().shape;
    rows_ = shape[shape.size() - 2];
    columns_ = shape.back();
    total_rows_ = columns_ == 0 ? 0 : NumElements(shape) / columns_;
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const int64_t row_bytes = columns_ * size_;
    // Anything beyond the matrix is the same as its edge.
    const int64_t k = std::min(std::max(options_.k, -rows_), columns_);
    ParallelRanges(args.pool, total_rows_, 2 * total_rows_ * row_bytes,
                   [&](int64_t begin, int64_t end) {
                     for (int64_t r = begin; r < end; ++r) {
                       Row(x + r * row_bytes, y + r * row_bytes, r % rows_ + k);
                     }
                   });
  }

 private:
  // `diagonal`: its column in this row.
  void Row(const uint8_t* x, uint8_t* y, int64_t diagonal) const {
    const int64_t bound = options_.upper ? diagonal : diagonal + 1;
    const auto cut = static_cast<size_t>(std::min(std::max<int64_t>(bound, 0), columns_) * size_);
    const auto bytes = static_cast<size_t>(columns_ * size_);
    if (options_.upper) {
      std::memset(y, 0, cut);
      std::memcpy(y + cut, x + cut, bytes - cut);
    } else {
      std::memcpy(y, x, cut);
      std::memset(y + cut, 0, bytes - cut);
    }
  }

  schema::TriluOptionsT options_;
  int64_t size_;
  int64_t rows_, columns_, total_rows_;
};

absl::Status CheckTrilu(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (x.quant == nullptr && SameNumbers(x, y)) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("no triangle of ", Describe(x), " as ", Describe(y)));
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareTrilu(const KernelContext& context) {
  return std::make_unique<TriluKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kRange = {"reference", generic::CheckRange, generic::PrepareRange};
const KernelEntry kOneHot = {"reference", generic::CheckOneHot, generic::PrepareOneHot};
const KernelEntry kTrilu = {"reference", generic::CheckTrilu, generic::PrepareTrilu};

}  // namespace octet
