#include "kernels/testing/kernel_test_util.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kernels/elements.h"
#include "kernels/scalar_functions.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/core/infer.h"
#include "runtime/core/numerics.h"

namespace octet::testing {
namespace {

TestTensor Make(DataType type, const Shape& shape) {
  TestTensor t;
  t.type = type;
  t.shape = shape;
  return t;
}

size_t ByteSize(const TestTensor& t) {
  return static_cast<size_t>(NumElements(t.shape)) * SizeOf(t.type);
}

QuantParams PerTensor(float scale, int32_t zero_point) { return {{scale}, {zero_point}, -1}; }

template <typename T>
std::vector<uint8_t> Narrowed(const std::vector<int32_t>& values) {
  return BytesOf(std::vector<T>(values.begin(), values.end()));
}

}  // namespace

TestTensor Absent() { return TestTensor(); }

TestTensor F32(const Shape& shape, const std::vector<float>& values) {
  TestTensor t = Make(DataType::kF32, shape);
  t.bytes = BytesOf(values);
  return t;
}

TestTensor S32(const Shape& shape, const std::vector<int32_t>& values) {
  TestTensor t = Make(DataType::kS32, shape);
  t.bytes = BytesOf(values);
  return t;
}

TestTensor S64(const Shape& shape, const std::vector<int64_t>& values) {
  TestTensor t = Make(DataType::kS64, shape);
  t.bytes = BytesOf(values);
  return t;
}

TestTensor Ints(DataType type, const Shape& shape, float scale, int32_t zero_point,
                const std::vector<int32_t>& values) {
  TestTensor t = Make(type, shape);
  t.quant = PerTensor(scale, zero_point);
  switch (type) {
    case DataType::kU8:
      t.bytes = Narrowed<uint8_t>(values);
      break;
    case DataType::kS8:
      t.bytes = Narrowed<int8_t>(values);
      break;
    case DataType::kS16:
      t.bytes = Narrowed<int16_t>(values);
      break;
    default:
      t.bytes = BytesOf(values);
      break;
  }
  return t;
}

TestTensor Values(DataType type, const Shape& shape, const std::vector<double>& values) {
  TestTensor t = Make(type, shape);
  DispatchAny(type, [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> elements;
    for (const double value : values) elements.push_back(ConvertTo<T>(value));
    t.bytes = BytesOf(elements);
  });
  return t;
}

TestTensor RandomWhole(DataType type, const Shape& shape, int64_t lo, int64_t hi, Rng& rng) {
  TestTensor t = Make(type, shape);
  std::uniform_int_distribution<int64_t> distribution(lo, hi);
  DispatchWhole(type, [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> elements(static_cast<size_t>(NumElements(shape)));
    for (T& element : elements) element = static_cast<T>(distribution(rng));
    t.bytes = BytesOf(elements);
  });
  return t;
}

TestTensor RandomWhole(DataType type, const Shape& shape, Rng& rng) {
  if (type == DataType::kBool) return RandomWhole(type, shape, 0, 1, rng);
  TestTensor t = Make(type, shape);
  std::uniform_int_distribution<uint64_t> distribution;
  DispatchWhole(type, [&](auto zero) {
    using T = decltype(zero);
    using Limits = std::numeric_limits<T>;
    const T ends[] = {Limits::min(), Limits::max(), T{0}, T{1}, static_cast<T>(-1)};
    std::vector<T> elements(static_cast<size_t>(NumElements(shape)));
    for (T& element : elements) {
      const uint64_t bits = distribution(rng);
      element = bits % 2 == 0 ? ends[bits / 2 % 5] : static_cast<T>(bits >> 1);
    }
    t.bytes = BytesOf(elements);
  });
  return t;
}

TestTensor RandomF32(const Shape& shape, float lo, float hi, Rng& rng) {
  std::uniform_real_distribution<float> distribution(lo, hi);
  std::vector<float> values(static_cast<size_t>(NumElements(shape)));
  for (float& v : values) v = distribution(rng);
  return F32(shape, values);
}

TestTensor Quantized(DataType type, const Shape& shape, float scale, int32_t zero_point, Rng& rng) {
  const IntRange range = type == DataType::kS32 ? IntRange{-1000000, 1000000} : RangeOf(type);
  std::uniform_int_distribution<int32_t> distribution(range.min, range.max);
  std::vector<int32_t> values(static_cast<size_t>(NumElements(shape)));
  // Runs of one extreme drive sums to their bounds.
  int extremes = 0;
  int32_t extreme = range.max;
  for (int32_t& v : values) {
    if (extremes == 0 && rng() % 64 == 0) {
      extremes = static_cast<int>(rng() % 48);
      extreme = rng() % 2 == 0 ? range.min : range.max;
    }
    v = extremes > 0 ? extreme : distribution(rng);
    extremes = std::max(0, extremes - 1);
  }
  return Ints(type, shape, scale, zero_point, values);
}

TestTensor Anything(DataType type, const Shape& shape, Rng& rng) {
  switch (type) {
    case DataType::kF32:
      return RandomF32(shape, -9, 9, rng);
    case DataType::kU8:
      return Quantized(type, shape, 0.1f, 77, rng);
    case DataType::kS8:
      return Quantized(type, shape, 0.1f, -7, rng);
    default:
      break;
  }
  TestTensor t = Make(type, shape);
  t.bytes.resize(ByteSize(t));
  for (uint8_t& byte : t.bytes) {
    byte = static_cast<uint8_t>(type == DataType::kBool ? rng() % 2 : rng());
  }
  return t;
}

TestTensor QuantizedWeights(const Shape& shape, int axis, float mean_scale, Rng& rng,
                            DataType type) {
  const int32_t largest = RangeOf(type).max;
  std::uniform_int_distribution<int32_t> distribution(-largest, largest);
  std::vector<int32_t> values(static_cast<size_t>(NumElements(shape)));
  for (int32_t& v : values) v = distribution(rng);
  TestTensor t = Ints(type, shape, mean_scale, 0, values);
  if (axis < 0) return t;
  const int64_t channels = shape[static_cast<size_t>(axis)];
  std::uniform_real_distribution<float> spread(0.25f * mean_scale, 1.75f * mean_scale);
  QuantParams quant{{}, std::vector<int32_t>(static_cast<size_t>(channels), 0), axis};
  for (int64_t i = 0; i < channels; ++i) quant.scales.push_back(spread(rng));
  t.quant = quant;
  if (channels > 1) {  // the first channel has only zeros
    const int64_t stride = Strides(shape, Layout::kPlain)[static_cast<size_t>(axis)] *
                           static_cast<int64_t>(SizeOf(type));
    for (size_t i = 0; i < t.bytes.size(); ++i) {
      if (static_cast<int64_t>(i) / stride % channels == 0) t.bytes[i] = 0;
    }
  }
  return t;
}

TestTensor QuantizedBias(int64_t channels, int64_t bound, Rng& rng, DataType type) {
  std::uniform_int_distribution<int64_t> distribution(-bound, bound);
  std::vector<int64_t> values(static_cast<size_t>(channels));
  for (int64_t& v : values) v = distribution(rng);
  TestTensor t = type == DataType::kS64
                     ? S64({channels}, values)
                     : S32({channels}, std::vector<int32_t>(values.begin(), values.end()));
  t.constant = true;
  return t;
}

TestTensor AsConstant(TestTensor t) {
  t.constant = true;
  return t;
}

TestTensor OutputOf(const TestTensor& x) {
  TestTensor y = Make(x.type, {});
  y.quant = x.quant;
  return y;
}

TestTensor OutputLike(DataType type) { return Make(type, {}); }

TestTensor OutputLike(DataType type, float scale, int32_t zero_point) {
  TestTensor t = Make(type, {});
  t.quant = PerTensor(scale, zero_point);
  return t;
}

KernelCase MakeCase(std::string name, Node node, std::vector<TestTensor> inputs,
                    std::vector<TestTensor> outputs) {
  KernelCase c{std::move(name), std::move(node), std::move(inputs), std::move(outputs), {}};
  std::vector<Shape> shapes;
  TensorId next = 0;
  for (const TestTensor& t : c.inputs) {
    shapes.push_back(t.shape);
    c.node.inputs.push_back(t.present() ? next++ : kNoTensor);
    EXPECT_TRUE(!t.present() || t.bytes.size() == ByteSize(t)) << c.name << ": operand's bytes";
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) c.node.outputs.push_back(next++);
  absl::StatusOr<std::vector<Shape>> inferred = InferShapes(c.node, shapes);
  EXPECT_TRUE(inferred.ok()) << c.name << ": " << inferred.status();
  if (!inferred.ok()) return c;
  EXPECT_EQ(inferred->size(), c.outputs.size()) << c.name;
  for (size_t i = 0; i < std::min(c.outputs.size(), inferred->size()); ++i) {
    c.outputs[i].shape = (*inferred)[i];
  }
  return c;
}

RunOptions NaturalOptions(const KernelCase& c) {
  RunOptions options;
  switch (c.node.type()) {
    case OpType::ConvOptions:
    case OpType::ConvTransposeOptions:
    case OpType::PoolOptions:
    case OpType::GlobalPoolOptions:
      options.layout = Layout::kChannelsLast;
      break;
    default:
      break;
  }
  return options;
}

CpuFeatures TestCpu() {
  const char* cap = std::getenv("ONEDNN_MAX_CPU_ISA");
  absl::StatusOr<CpuFeatures> cpu = CpuFeatures::Capped(cap == nullptr ? "" : cap);
  EXPECT_TRUE(cpu.ok()) << cpu.status();
  return cpu.ok() ? *cpu : CpuFeatures();
}

namespace {

constexpr size_t kGuardBytes = 64;
constexpr uint8_t kGuard = 0xA5;

// Memory as a kernel gets it: 64-byte aligned, followed by bytes that must stay as they are.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(size_t size) : size_(size), buffer_(kGuardBytes + size + kGuardBytes) {
    std::memset(buffer_.data(), kGuard, buffer_.size());
  }

  uint8_t* data() { return buffer_.data() + kGuardBytes; }
  size_t size() const { return size_; }
  bool intact() const {
    const auto is_guard = [](uint8_t b) { return b == kGuard; };
    const uint8_t* begin = buffer_.data();
    const uint8_t* end = begin + kGuardBytes + size_;
    return std::all_of(begin, begin + kGuardBytes, is_guard) &&
           std::all_of(end, end + kGuardBytes, is_guard);
  }

 private:
  size_t size_;
  AlignedBuffer buffer_;
};

// Copies between the row-major order and `layout`.
void Reorder(const TestTensor& t, Layout layout, bool to_layout, const uint8_t* from, uint8_t* to) {
  const size_t element = SizeOf(t.type);
  const Shape strides = Strides(t.shape, layout);
  const Shape plain = Strides(t.shape, Layout::kPlain);
  const int64_t count = NumElements(t.shape);
  for (int64_t i = 0; i < count; ++i) {
    int64_t offset = 0;
    for (size_t d = 0; d < t.shape.size(); ++d) {
      offset += i / plain[d] % t.shape[d] * strides[d];
    }
    const size_t a = static_cast<size_t>(i) * element, b = static_cast<size_t>(offset) * element;
    if (to_layout) {
      std::memcpy(to + b, from + a, element);
    } else {
      std::memcpy(to + a, from + b, element);
    }
  }
}

class CaseRunner {
 public:
  CaseRunner(const KernelEntry& row, const KernelCase& c, const RunOptions& options)
      : row_(row), case_(c), options_(options) {
    const size_t rank = c.outputs[0].shape.size();
    for (const TestTensor& t : c.inputs) {
      inputs_.push_back(MakeOperand(t, LayoutOf(t, rank, options.layout)));
    }
    for (const TestTensor& t : c.outputs) {
      outputs_.push_back(
          MakeOperand(t, LayoutOf(t, rank, options.output_layout.value_or(options.layout))));
    }
    FillInputs();
  }

  absl::StatusOr<Outputs> Run() {
    static const auto* const single = new std::shared_ptr<ThreadPool>(ThreadPool::Create(1));
    ThreadPool* pool = options_.pool == nullptr ? single->get() : options_.pool;
    const std::unique_ptr<PackedWeights> own = NewPackedWeights();
    KernelContext context;
    context.node = &case_.node;
    context.inputs = inputs_;
    context.outputs = outputs_;
    if (row_.applies_post) context.post = case_.post;
    context.cpu = options_.cpu ? *options_.cpu : TestCpu();
    context.pool = pool;
    context.packed = options_.packed == nullptr ? own.get() : options_.packed;
    context.deterministic = options_.deterministic;
    context.accumulate_f16 = options_.accumulate_f16;
    if (absl::Status s = row_.check(context); !s.ok()) return s;
    absl::StatusOr<std::unique_ptr<Kernel>> kernel = row_.prepare(context);
    if (!kernel.ok()) return kernel.status();
    absl::StatusOr<Outputs> outputs = RunKernel(**kernel, pool);
    if (outputs.ok() && !row_.applies_post) ApplyPost((*outputs)[0]);
    return outputs;
  }

 private:
  void ApplyPost(std::vector<uint8_t>& bytes) const {
    for (size_t i = 0; !case_.post.empty() && i < bytes.size() / sizeof(float); ++i) {
      float v;
      std::memcpy(&v, bytes.data() + i * sizeof(v), sizeof(v));
      for (const PostFunction& f : case_.post) {
        schema::UnaryOptionsT options;
        options.alpha = f.alpha;
        options.beta = f.beta;
        if (f.kind) options.kind = *f.kind;
        v = f.kind ? UnaryValue(options, v) : f.alpha * v + f.beta;
      }
      std::memcpy(bytes.data() + i * sizeof(v), &v, sizeof(v));
    }
  }

  static Layout LayoutOf(const TestTensor& t, size_t rank, Layout layout) {
    const bool free = !t.constant && t.shape.size() == rank && rank >= 3;
    return free ? layout : Layout::kPlain;
  }

  static Operand MakeOperand(const TestTensor& t, Layout layout) {
    Operand operand;
    if (!t.present()) return operand;
    operand.type = t.type;
    operand.shape = t.shape;
    operand.layout = layout;
    operand.quant = t.quant ? &*t.quant : nullptr;
    operand.data = t.constant ? t.bytes.data() : nullptr;
    return operand;
  }

  void FillInputs() {
    for (size_t i = 0; i < case_.inputs.size(); ++i) {
      const TestTensor& t = case_.inputs[i];
      input_buffers_.emplace_back(t.constant ? 0 : t.bytes.size());
      if (t.present() && !t.constant) {
        Reorder(t, inputs_[i].layout, true, t.bytes.data(), input_buffers_.back().data());
      }
      originals_.emplace_back(input_buffers_.back().data(),
                              input_buffers_.back().data() + input_buffers_.back().size());
    }
  }

  absl::StatusOr<Outputs> RunKernel(const Kernel& kernel, ThreadPool* pool) {
    std::vector<GuardedBuffer> output_buffers;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    for (const TestTensor& t : case_.outputs) {
      output_buffers.emplace_back(ByteSize(t));
      outputs.push_back(output_buffers.back().data());
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      inputs.push_back(inputs_[i].data != nullptr ? inputs_[i].data : input_buffers_[i].data());
    }
    if (const int i = kernel.in_place_input(); i >= 0) {
      const auto input = static_cast<size_t>(i);
      const auto* from = static_cast<const uint8_t*>(inputs[input]);
      std::copy_n(from, case_.inputs[input].bytes.size(), output_buffers[0].data());
      inputs[input] = output_buffers[0].data();
    }
    GuardedBuffer scratch(kernel.scratch_bytes());
    RunError error;
    kernel.Run({inputs.data(), outputs.data(), scratch.data(), pool, &error});
    if (error.is_set()) return error.Take();
    return Collect(output_buffers, scratch);
  }

  absl::StatusOr<Outputs> Collect(std::vector<GuardedBuffer>& buffers, GuardedBuffer& scratch) {
    if (!scratch.intact()) return absl::InternalError("wrote beyond its scratch memory");
    for (size_t i = 0; i < input_buffers_.size(); ++i) {
      if (!input_buffers_[i].intact() ||
          !std::equal(originals_[i].begin(), originals_[i].end(), input_buffers_[i].data())) {
        return absl::InternalError(absl::StrCat("changed input ", i));
      }
    }
    Outputs result;
    for (size_t i = 0; i < buffers.size(); ++i) {
      if (!buffers[i].intact()) return absl::InternalError(absl::StrCat("overran output ", i));
      std::vector<uint8_t> bytes(buffers[i].size());
      Reorder(case_.outputs[i], outputs_[i].layout, false, buffers[i].data(), bytes.data());
      result.push_back(std::move(bytes));
    }
    return result;
  }

  const KernelEntry& row_;
  const KernelCase& case_;
  const RunOptions& options_;
  std::vector<Operand> inputs_, outputs_;
  std::vector<GuardedBuffer> input_buffers_;
  std::vector<std::vector<uint8_t>> originals_;
};

bool IsHalfType(DataType type) { return type == DataType::kF16 || type == DataType::kBF16; }

// The distance of 1 to the next number.
double StepOf(DataType type) { return type == DataType::kF16 ? 0x1p-10 : 0x1p-7; }

double ValueAt(DataType type, const uint8_t* bytes, size_t i) {
  double value = 0;
  DispatchAny(type, [&](auto element) {
    std::memcpy(&element, bytes + i * sizeof(element), sizeof(element));
    value = ConvertTo<double>(element);
  });
  return value;
}

}  // namespace

absl::StatusOr<Outputs> RunRow(const KernelEntry& row, const KernelCase& c,
                               const RunOptions& options) {
  return CaseRunner(row, c, options).Run();
}

std::string Difference(const KernelCase& c, const Outputs& got, const Outputs& want,
                       const Tolerance& tolerance) {
  for (size_t o = 0; o < want.size(); ++o) {
    if (got[o] == want[o]) continue;
    const DataType type = c.outputs[o].type;
    // As f64, two of them may look alike that are not.
    const bool wide = type == DataType::kS64 || type == DataType::kU64;
    const size_t size = SizeOf(type), count = want[o].size() / size;
    if (got[o].size() != want[o].size()) return "sizes differ";
    double largest = 0;
    for (size_t i = 0; i < count; ++i) {
      const double v = std::abs(ValueAt(type, want[o].data(), i));
      if (std::isfinite(v)) largest = std::max(largest, v);
    }
    const double bound = type == DataType::kF32 ? tolerance.relative * largest
                         : IsHalfType(type)     ? tolerance.half_steps * StepOf(type) * largest
                                                : tolerance.units;
    for (size_t i = 0; i < count; ++i) {
      const double a = ValueAt(type, got[o].data(), i), b = ValueAt(type, want[o].data(), i);
      const bool alike =
          wide ? std::memcmp(&got[o][i * size], &want[o][i * size], size) == 0
               : a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= bound;
      if (alike) continue;
      return absl::StrCat("output ", o, " element ", i, " of ", ToString(c.outputs[o].shape), " ",
                          std::string(Name(type)), ": got ", a, ", want ", b);
    }
  }
  return "";
}

void ExpectAlike(const KernelCase& c, const Outputs& got, const Outputs& want,
                 const Tolerance& tolerance) {
  EXPECT_EQ(Difference(c, got, want, tolerance), "") << "in case " << c.name;
}

}  // namespace octet::testing
