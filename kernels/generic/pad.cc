#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/generic/generic.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/generic/table.h"
#include "kernels/operands.h"
#include "kernels/pad_value.h"

namespace octet {
namespace generic {
namespace {

constexpr int64_t kPadding = -1;
constexpr int64_t kMaxDimension = int64_t{1} << 24;  // bounds the memory for indices

// The index into x of each index into the padded dimension, or kPadding.
std::vector<int64_t> Sources(const schema::PadOptionsT& options, size_t dimension, int64_t size) {
  const int64_t begin = options.pads_begin[dimension], end = options.pads_end[dimension];
  std::vector<int64_t> sources;
  for (int64_t i = -begin; i < size + end; ++i) {
    const bool inside = i >= 0 && i < size;
    if (inside) {
      sources.push_back(i);
    } else if (options.mode == schema::PadMode::CONSTANT) {
      sources.push_back(kPadding);
    } else if (options.mode == schema::PadMode::EDGE || size == 1) {
      sources.push_back(i < 0 ? 0 : size - 1);
    } else if (options.mode == schema::PadMode::WRAP) {
      sources.push_back((i % size + size) % size);
    } else {
      const int64_t period = 2 * (size - 1);
      const int64_t phase = (i % period + period) % period;
      sources.push_back(std::min(phase, period - phase));
    }
  }
  return sources;
}

// Every element of y by itself, but for the innermost dimension in memory, which is one copy with
// its padding around it.
class PadKernel : public Kernel {
 public:
  explicit PadKernel(const KernelContext& context) {
    const auto& options = context.node->as<schema::PadOptionsT>();
    const Operand &x = context.input(0), &y = context.output();
    bytes_ = static_cast<int64_t>(SizeOf(x.type));
    count_ = NumElements(y.shape);
    const Shape x_strides = Strides(x.shape, x.layout), y_strides = Strides(y.shape, y.layout);
    std::vector<size_t> order(y.shape.size());
    for (size_t d = 0; d < order.size(); ++d) order[d] = d;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return y_strides[a] != y_strides[b] ? y_strides[a] > y_strides[b] : y.shape[a] > y.shape[b];
    });
    for (size_t d : order) {
      Dimension dimension{x.shape[d], x_strides[d], Sources(options, d, x.shape[d])};
      // A dimension without padding goes on where the one outside it left off.
      const bool plain = options.pads_begin[d] == 0 && options.pads_end[d] == 0;
      if (plain && !dims_.empty() && dims_.back().stride == x_strides[d] * x.shape[d]) {
        MergeInto(dims_.back(), dimension);
      } else {
        dims_.push_back(std::move(dimension));
      }
    }
    if (dims_.empty()) dims_.push_back({1, 1, {0}});
    FindPieces();
    has_value_input_ = context.input(kPadValueInput).present();
    StorePadValue(options.value, y, value_);
  }

  void Run(const RunArgs& args) const override {
    if (count_ == 0) return;
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const auto* value =
        has_value_input_ ? static_cast<const uint8_t*>(args.inputs[kPadValueInput]) : value_;
    const int64_t row = static_cast<int64_t>(dims_.back().sources.size());
    ParallelRanges(args.pool, count_ / row, 2 * count_ * bytes_, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) FillRow(x, Begin(i), value, y + i * row * bytes_);
    });
  }

 private:
  struct Dimension {
    int64_t size;
    int64_t stride;  // in x
    std::vector<int64_t> sources;
  };

  static void MergeInto(Dimension& outer, const Dimension& inner) {
    std::vector<int64_t> sources;
    sources.reserve(outer.sources.size() * inner.sources.size());
    for (int64_t source : outer.sources) {
      for (int64_t i = 0; i < inner.size; ++i) {
        sources.push_back(source == kPadding ? kPadding : source * inner.size + i);
      }
    }
    outer = {outer.size * inner.size, inner.stride, std::move(sources)};
  }

  // Where row i of y begins in x, or kPadding.
  int64_t Begin(int64_t i) const {
    int64_t begin = 0;
    for (size_t d = dims_.size() - 1; d-- > 0;) {
      const auto size = static_cast<int64_t>(dims_[d].sources.size());
      const int64_t source = dims_[d].sources[static_cast<size_t>(i % size)];
      if (source == kPadding) return kPadding;
      begin += source * dims_[d].stride;
      i /= size;
    }
    return begin;
  }

  template <typename Word>
  static void FillWords(const uint8_t* value, uint8_t* y, int64_t n) {
    Word word;
    std::memcpy(&word, value, sizeof(word));
    std::fill_n(reinterpret_cast<Word*>(y), n, word);
  }

  void Fill(const uint8_t* value, uint8_t* y, int64_t n) const {
    switch (bytes_) {
      case 1:
        std::memset(y, *value, static_cast<size_t>(n));
        return;
      case 2:
        return FillWords<uint16_t>(value, y, n);
      case 4:
        return FillWords<uint32_t>(value, y, n);
      default:
        return FillWords<uint64_t>(value, y, n);
    }
  }

  // Cuts the innermost dimension into pieces of padding and of neighbours in x.
  void FindPieces() {
    for (int64_t source : dims_.back().sources) {
      const bool continues =
          !pieces_.empty() &&
          (source == kPadding ? pieces_.back().source == kPadding
                              : pieces_.back().source != kPadding &&
                                    pieces_.back().source + pieces_.back().size == source);
      if (continues) {
        ++pieces_.back().size;
      } else {
        pieces_.push_back({source, 1});
      }
    }
  }

  void FillRow(const uint8_t* x, int64_t begin, const uint8_t* value, uint8_t* y) const {
    if (begin == kPadding) return Fill(value, y, static_cast<int64_t>(dims_.back().sources.size()));
    const uint8_t* row = x + begin * bytes_;
    for (const Piece& piece : pieces_) {
      if (piece.source == kPadding) {
        Fill(value, y, piece.size);
      } else {
        std::memcpy(y, row + piece.source * bytes_, static_cast<size_t>(piece.size * bytes_));
      }
      y += piece.size * bytes_;
    }
  }

  struct Piece {
    int64_t source;  // or kPadding
    int64_t size;
  };

  std::vector<Piece> pieces_;
  std::vector<Dimension> dims_;  // in the order of y in memory, outermost first
  int64_t bytes_;
  int64_t count_;
  bool has_value_input_;
  uint8_t value_[8] = {};  // without such an input
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (!SameNumbers(x, y)) {
    return absl::UnimplementedError(
        absl::StrCat("it does not convert from ", Describe(x), " to ", Describe(y)));
  }
  if (x.layout != y.layout) return absl::UnimplementedError("layouts differ");
  for (int64_t size : y.shape) {
    if (size > kMaxDimension) return absl::UnimplementedError("a dimension is very long");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<PadKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericPad = {"generic", generic::Check, generic::Prepare};

}  // namespace octet
