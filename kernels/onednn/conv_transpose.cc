#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/elements.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/parallel.h"
#include "kernels/onednn/epilogue.h"
#include "kernels/onednn/rows.h"
#include "kernels/operands.h"

// Transposed convolution as one matrix product per image row of the filter, or as one product whose
// results are summed where they overlap.

namespace octet {
namespace {

using generic::Loops;
using generic::LoopsFor;
using generic::ParallelRanges;

constexpr int kX = 0, kW = 1, kBias = 2;
constexpr size_t kSpatial = 3;
constexpr int64_t kMaxOverlap = 256;  // products that meet in one element of y

// Sizes with three spatial dimensions, the missing ones in front being 1.
struct Geometry {
  int64_t batch, inputs, outputs;
  int64_t x[kSpatial] = {1, 1, 1}, y[kSpatial] = {1, 1, 1}, kernel[kSpatial] = {1, 1, 1};
  int64_t stride[kSpatial] = {1, 1, 1}, dilation[kSpatial] = {1, 1, 1}, pad[kSpatial] = {};
  bool tiles = true;  // every element of y comes from one product

  explicit Geometry(const KernelContext& context)
      : batch(context.input(kX).shape[0]),
        inputs(context.input(kX).shape[1]),
        outputs(context.output().shape[1]) {
    const auto& o = context.node->as<schema::ConvTransposeOptionsT>();
    const Shape &x_shape = context.input(kX).shape, &w_shape = context.input(kW).shape;
    const size_t rank = x_shape.size() - 2;
    for (size_t i = 0; i < rank; ++i) {
      const size_t d = kSpatial - rank + i;
      x[d] = x_shape[i + 2];
      y[d] = context.output().shape[i + 2];
      kernel[d] = w_shape[i + 2];
      stride[d] = o.strides[i];
      dilation[d] = o.dilations[i];
      pad[d] = o.pads_begin[i];
      tiles = tiles && kernel[d] == stride[d] && (dilation[d] == 1 || kernel[d] == 1) &&
              pad[d] == 0 && y[d] == x[d] * stride[d];
    }
  }

  int64_t pixels() const { return x[0] * x[1] * x[2]; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

// Taps [first, first + count) of w [C, M, taps] as the factor [C, count * M], of w's type. Kept
// with the model.
const void* PackTaps(const KernelContext& context, const Geometry& g, int64_t first,
                     int64_t count) {
  const Operand& w = context.input(kW);
  const std::string key =
      absl::StrCat("conv_transpose/", absl::Hex(reinterpret_cast<uintptr_t>(w.data)), "/", first,
                   "/", count, "/", std::string(Name(w.type)), ToString(w.shape));
  const int64_t columns = count * g.outputs;
  const auto bytes = static_cast<size_t>(g.inputs * columns) * SizeOf(w.type);
  return context.packed->GetOrPack(key, bytes, [&](uint8_t* to) {
    DispatchSize(w.type, [&](auto element) {
      using T = decltype(element);
      const auto* from = static_cast<const T*>(w.data);
      auto* b = reinterpret_cast<T*>(to);
      for (int64_t c = 0; c < g.inputs; ++c) {
        for (int64_t t = 0; t < count; ++t) {
          for (int64_t m = 0; m < g.outputs; ++m) {
            b[c * columns + t * g.outputs + m] = from[(c * g.outputs + m) * g.taps() + first + t];
          }
        }
      }
    });
  });
}

// The kernel of x [pixels, C] times `b` [C, columns], with `bias` [columns] unless it is null.
absl::StatusOr<std::unique_ptr<Kernel>> MakeProduct(const KernelContext& context, const Geometry& g,
                                                    const void* b, int64_t columns,
                                                    const float* bias, DataType result,
                                                    schema::MatMulOptionsT options) {
  const Node node = Graph::MakeNode("product", std::move(options), {0, 1, 2}, {3});
  Operand inputs[3], output;
  inputs[0].type = inputs[1].type = context.input(kX).type;
  output.type = result;
  inputs[0].shape = {g.batch * g.pixels(), g.inputs};
  inputs[1].shape = {g.inputs, columns};
  inputs[1].data = b;
  if (bias != nullptr) {
    inputs[2].type = DataType::kF32;
    inputs[2].shape = {columns};
    inputs[2].data = bias;
  }
  output.shape = {g.batch * g.pixels(), columns};
  KernelContext product;
  product.node = &node;
  product.inputs = inputs;
  product.outputs = absl::MakeConstSpan(&output, 1);
  product.cpu = context.cpu;
  product.pool = context.pool;
  product.packed = context.packed;
  product.accumulate_f16 = context.accumulate_f16;
  if (absl::Status s = kOnednnMatMul.check(product); !s.ok()) return s;
  return kOnednnMatMul.prepare(product);
}

void RunProduct(const Kernel& product, const RunArgs& args, void* y, uint8_t* scratch) {
  const void* inputs[] = {args.inputs[kX], nullptr, nullptr};
  void* outputs[] = {y};
  product.Run({inputs, outputs, scratch, args.pool, args.error});
}

size_t Aligned(int64_t elements, size_t element_bytes) {
  return (static_cast<size_t>(elements) * element_bytes + 63) / 64 * 64;
}

// Where the filter's taps do not overlap, one row of them makes whole rows of y: [x's width, taps
// of the row, M].
class TilesKernel : public Kernel {
 public:
  explicit TilesKernel(const Geometry& g) : g_(g), rows_(g.kernel[0] * g.kernel[1]) {}

  absl::Status Prepare(const KernelContext& context) {
    const auto& o = context.node->as<schema::ConvTransposeOptionsT>();
    const DataType result = context.output().type;
    element_bytes_ = SizeOf(result);
    schema::MatMulOptionsT options;
    options.activation_min = o.activation_min;
    options.activation_max = o.activation_max;
    const auto* bias = static_cast<const float*>(context.input(kBias).data);
    for (int64_t k = 0; bias != nullptr && k < g_.kernel[2]; ++k) {
      bias_.insert(bias_.end(), bias, bias + g_.outputs);
    }
    for (int64_t row = 0; row < rows_; ++row) {
      absl::StatusOr<std::unique_ptr<Kernel>> product = MakeProduct(
          context, g_, PackTaps(context, g_, row * g_.kernel[2], g_.kernel[2]),
          g_.kernel[2] * g_.outputs, bias == nullptr ? nullptr : bias_.data(), result, options);
      if (!product.ok()) return product.status();
      products_.push_back(*std::move(product));
    }
    return absl::OkStatus();
  }

  void Run(const RunArgs& args) const override {
    if (rows_ == 1) return RunProduct(*products_[0], args, args.outputs[0], args.scratch);
    for (int64_t row = 0; row < rows_; ++row) {
      RunProduct(*products_[static_cast<size_t>(row)], args, args.scratch,
                 args.scratch + ResultBytes());
      Place(row, args.scratch, static_cast<uint8_t*>(args.outputs[0]), args.pool);
    }
  }
  size_t scratch_bytes() const override {
    size_t most = 0;
    for (const auto& product : products_) most = std::max(most, product->scratch_bytes());
    return ResultBytes() + most;
  }
  std::string detail() const override { return "tiles+" + products_[0]->detail(); }

 private:
  int64_t LineSize() const { return g_.y[2] * g_.outputs; }
  int64_t Lines() const { return g_.batch * g_.x[0] * g_.x[1]; }
  size_t ResultBytes() const {
    return rows_ == 1 ? 0 : Aligned(Lines() * LineSize(), element_bytes_);
  }

  // Lines that row `row` of the filter has made, to where they belong in y.
  void Place(int64_t row, const uint8_t* result, uint8_t* y, ThreadPool* pool) const {
    const int64_t bytes = LineSize() * static_cast<int64_t>(element_bytes_);
    ParallelRanges(pool, Lines(), 2 * Lines() * bytes, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t outer = i / g_.x[1] * g_.kernel[0] + row / g_.kernel[1];
        const int64_t line = i % g_.x[1] * g_.kernel[1] + row % g_.kernel[1];
        std::memcpy(y + (outer * g_.y[1] + line) * bytes, result + i * bytes,
                    static_cast<size_t>(bytes));
      }
    });
  }

  const Geometry g_;
  const int64_t rows_;  // of taps
  size_t element_bytes_ = 0;
  std::vector<float> bias_;
  std::vector<std::unique_ptr<Kernel>> products_;
};

// What an output position along one dimension is made of.
struct Part {
  int64_t source, tap;
};

std::vector<std::vector<Part>> PartsAlong(const Geometry& g, size_t d) {
  std::vector<std::vector<Part>> result(static_cast<size_t>(g.y[d]));
  for (int64_t source = 0; source < g.x[d]; ++source) {
    for (int64_t tap = 0; tap < g.kernel[d]; ++tap) {
      const int64_t at = source * g.stride[d] + tap * g.dilation[d] - g.pad[d];
      if (at >= 0 && at < g.y[d]) result[static_cast<size_t>(at)].push_back({source, tap});
    }
  }
  return result;
}

// All products at once, [pixels, taps, M]; each element of y sums up those that fall on it.
class OverlapKernel : public Kernel {
 public:
  OverlapKernel(const Geometry& g, const KernelContext& context)
      : g_(g), loops_(LoopsFor(context.cpu)), bias_(static_cast<size_t>(g.outputs), 0.0f) {
    const auto& o = context.node->as<schema::ConvTransposeOptionsT>();
    min_ = o.activation_min;
    max_ = o.activation_max;
    const auto* bias = static_cast<const float*>(context.input(kBias).data);
    if (bias != nullptr) bias_.assign(bias, bias + g.outputs);
    const Operand& y = context.output();
    y_bytes_ = static_cast<int64_t>(SizeOf(y.type));
    if (IsHalf(y)) narrow_ = loops_.halves.narrow(y.type);
    for (size_t d = 0; d < kSpatial; ++d) parts_[d] = PartsAlong(g, d);
  }

  absl::Status Prepare(const KernelContext& context) {
    int64_t overlap = 1;
    for (const auto& parts : parts_) {
      size_t most = 0;
      for (const std::vector<Part>& p : parts) most = std::max(most, p.size());
      overlap = std::min(overlap * static_cast<int64_t>(most), kMaxOverlap + 1);
    }
    if (overlap > kMaxOverlap) return absl::UnimplementedError("over 256 taps overlap");
    absl::StatusOr<std::unique_ptr<Kernel>> product =
        MakeProduct(context, g_, PackTaps(context, g_, 0, g_.taps()), g_.taps() * g_.outputs,
                    nullptr, DataType::kF32, schema::MatMulOptionsT());
    if (!product.ok()) return product.status();
    product_ = *std::move(product);
    return absl::OkStatus();
  }

  void Run(const RunArgs& args) const override {
    auto* products = reinterpret_cast<float*>(args.scratch);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    RunProduct(*product_, args, products, args.scratch + ResultBytes());
    const int64_t lines = g_.batch * g_.y[0] * g_.y[1], size = g_.y[2] * g_.outputs;
    const int64_t bytes = static_cast<int64_t>(ResultBytes()) +
                          2 * lines * size * static_cast<int64_t>(sizeof(float));
    ParallelRanges(args.pool, lines, bytes, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Line(products, i, y + i * size * y_bytes_);
    });
  }
  size_t scratch_bytes() const override { return ResultBytes() + product_->scratch_bytes(); }
  std::string detail() const override { return "sums+" + product_->detail(); }

 private:
  static constexpr int64_t kChunk = 512;  // channels that are summed at a time

  size_t ResultBytes() const {
    return Aligned(g_.batch * g_.pixels() * g_.taps() * g_.outputs, sizeof(float));
  }

  void Line(const float* products, int64_t i, uint8_t* y) const {
    const int64_t outer = i / g_.y[1];
    const auto& parts0 = parts_[0][static_cast<size_t>(outer % g_.y[0])];
    const auto& parts1 = parts_[1][static_cast<size_t>(i % g_.y[1])];
    const float* image = products + outer / g_.y[0] * g_.pixels() * g_.taps() * g_.outputs;
    int64_t offsets[kMaxOverlap];
    for (const std::vector<Part>& parts2 : parts_[2]) {
      int64_t count = 0;
      for (const Part& a : parts0) {
        for (const Part& b : parts1) {
          for (const Part& c : parts2) offsets[count++] = Offset(a, b, c);
        }
      }
      for (int64_t c = 0; c < g_.outputs; c += kChunk) {
        Pixel(image, offsets, count, c, std::min(kChunk, g_.outputs - c), y + c * y_bytes_);
      }
      y += g_.outputs * y_bytes_;
    }
  }

  // `n` channels of an element of y from `first` on.
  void Pixel(const float* image, const int64_t* offsets, int64_t count, int64_t first, int64_t n,
             uint8_t* y) const {
    constexpr auto kAdd = static_cast<size_t>(schema::BinaryKind::ADD);
    float buffer[kChunk];
    float* sums = narrow_ == nullptr ? reinterpret_cast<float*>(y) : buffer;
    if (count == 0) {
      std::fill_n(sums, n, 0.0f);
    } else {
      loops_.sum_f32(image + first, offsets, count, sums, n);
    }
    loops_.binary[kAdd][generic::kBothVectors](sums, bias_.data() + first, sums, n, min_, max_);
    if (narrow_ != nullptr) narrow_(sums, reinterpret_cast<uint16_t*>(y), n);
  }

  int64_t Offset(const Part& a, const Part& b, const Part& c) const {
    const int64_t pixel = (a.source * g_.x[1] + b.source) * g_.x[2] + c.source;
    const int64_t tap = (a.tap * g_.kernel[1] + b.tap) * g_.kernel[2] + c.tap;
    return (pixel * g_.taps() + tap) * g_.outputs;
  }

  const Geometry g_;
  const Loops& loops_;
  std::vector<float> bias_;
  float min_, max_;
  int64_t y_bytes_;
  generic::NarrowLoop narrow_ = nullptr;  // null: y is f32
  std::vector<std::vector<Part>> parts_[kSpatial];
  std::unique_ptr<Kernel> product_;
};

absl::Status Check(const KernelContext& context) {
  if (context.deterministic) {
    return absl::UnimplementedError("its bits may differ from the reference's");
  }
  const Operand &w = context.input(kW), &bias = context.input(kBias);
  if (w.data == nullptr || (bias.present() && bias.data == nullptr)) {
    return absl::UnimplementedError("weights and bias must be constant");
  }
  // Types are those of a product.
  const Operand none;
  const onednn::ProductOperands operands{
      context.input(kX), w, bias, none, context.output(), 0, 0, 0, 0};
  if (operands.quantized()) return absl::UnimplementedError("operands must be real");
  if (absl::Status s = CheckOperands(context, operands); !s.ok()) return s;
  if (context.node->as<schema::ConvTransposeOptionsT>().groups != 1) {
    return absl::UnimplementedError("groups have no product of their own");
  }
  for (const Operand* o : {&context.input(kX), &context.output()}) {
    if (o->layout != Layout::kChannelsLast) {
      return absl::UnimplementedError("activations must be channels last");
    }
  }
  return absl::OkStatus();
}

template <typename T>
absl::StatusOr<std::unique_ptr<Kernel>> Prepared(std::unique_ptr<T> kernel,
                                                 const KernelContext& context) {
  if (absl::Status s = kernel->Prepare(context); !s.ok()) return s;
  return kernel;
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  const Geometry geometry(context);
  if (geometry.tiles) return Prepared(std::make_unique<TilesKernel>(geometry), context);
  return Prepared(std::make_unique<OverlapKernel>(geometry, context), context);
}

}  // namespace

const KernelEntry kOnednnConvTranspose = {"onednn_conv_transpose", Check, Prepare};

}  // namespace octet
