#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kernels/onednn/allocation_counter.h"
#include "kernels/onednn/rows.h"
#include "kernels/testing/kernel_test_util.h"

// That executing a prepared product allocates no memory, for the layers of which image networks
// consist.

namespace octet::testing {
namespace {

// A buffer aligned as the runtime aligns its own.
class Buffer {
 public:
  explicit Buffer(size_t size) : bytes_(size + 64) {}
  uint8_t* data() {
    return reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(bytes_.data()) + 63) / 64 * 64);
  }

 private:
  std::vector<uint8_t> bytes_;
};

Operand OperandOf(const TestTensor& t, const Shape& shape, Layout layout) {
  Operand o;
  o.type = t.type;
  if (!t.present()) return o;
  o.shape = shape;
  o.layout = t.constant ? Layout::kPlain : layout;
  o.quant = t.quant.has_value() ? &*t.quant : nullptr;
  o.data = t.constant ? t.bytes.data() : nullptr;
  return o;
}

size_t BytesOf(const TestTensor& t) {
  return t.present() ? static_cast<size_t>(NumElements(t.shape)) * SizeOf(t.type) : 0;
}

// Prepares the case by `row` for `threads` threads, runs it twice, then counts the allocations of
// ten runs. What the values are does not matter here.
void ExpectNoAllocations(const KernelEntry& row, const KernelCase& c, int threads) {
  const Layout layout = NaturalOptions(c).layout;
  const std::shared_ptr<ThreadPool> pool = ThreadPool::Create(threads);
  const std::unique_ptr<PackedWeights> packed = NewPackedWeights();
  std::vector<Operand> inputs, outputs;
  for (const TestTensor& t : c.inputs) inputs.push_back(OperandOf(t, t.shape, layout));
  for (const TestTensor& t : c.outputs) outputs.push_back(OperandOf(t, t.shape, layout));
  KernelContext context;
  context.node = &c.node;
  context.inputs = inputs;
  context.outputs = outputs;
  context.cpu = TestCpu();
  context.pool = pool.get();
  context.packed = packed.get();
  ASSERT_TRUE(row.check(context).ok()) << c.name << ": " << row.check(context);
  const absl::StatusOr<std::unique_ptr<Kernel>> kernel = row.prepare(context);
  if (absl::IsUnimplemented(kernel.status()) && !TestCpu().vnni()) return;
  ASSERT_TRUE(kernel.ok()) << c.name << ": " << kernel.status();

  std::vector<Buffer> buffers;
  std::vector<const void*> in;
  for (const TestTensor& t : c.inputs) {
    buffers.emplace_back(BytesOf(t));
    in.push_back(t.constant ? t.bytes.data() : buffers.back().data());
  }
  Buffer output(BytesOf(c.outputs[0])), scratch((*kernel)->scratch_bytes());
  void* out[] = {output.data()};
  RunError error;
  const RunArgs args{in.data(), out, scratch.data(), pool.get(), &error};
  for (int i = 0; i < 2; ++i) (*kernel)->Run(args);
  const AllocationCounter counter;
  for (int i = 0; i < 10; ++i) (*kernel)->Run(args);
  const int64_t count = counter.count();
  EXPECT_EQ(count, 0) << c.name << " by " << (*kernel)->detail() << " on " << threads
                      << " threads: allocations in 10 runs";
}

struct Layer {
  int64_t channels, size, outputs;
  int kernel, stride;
  int64_t groups;
  bool residual;
};

constexpr Layer kLayers[] = {
    {3, 56, 32, 3, 2, 1, false},      {3, 56, 64, 7, 2, 1, false},
    {32, 28, 32, 3, 1, 32, false},    {96, 28, 96, 3, 2, 96, false},
    {144, 28, 144, 5, 2, 144, false}, {32, 56, 16, 1, 1, 1, false},
    {16, 56, 96, 1, 1, 1, false},     {144, 28, 24, 1, 1, 1, true},
    {240, 14, 40, 1, 1, 1, false},    {320, 7, 1280, 1, 1, 1, false},
    {64, 28, 64, 3, 1, 1, false},     {128, 14, 256, 1, 2, 1, false},
    {512, 7, 512, 3, 1, 1, true},     {64, 14, 256, 1, 1, 1, true},
    {16, 14, 64, 3, 1, 1, false},     {24, 14, 24, 3, 1, 4, false},
    {8, 12, 10, 5, 1, 2, false},
};

KernelCase ConvCase(const Layer& l, DataType type, Rng& rng) {
  schema::ConvOptionsT o;
  o.strides = {l.stride, l.stride};
  o.dilations = {1, 1};
  o.pads_begin = o.pads_end = {l.kernel / 2, l.kernel / 2};
  o.groups = static_cast<int>(l.groups);
  o.activation_min = 0;
  const int64_t out = (l.size - 1) / l.stride + 1;
  const Shape x = {1, l.channels, l.size, l.size}, y = {1, l.outputs, out, out};
  const Shape w = {l.outputs, l.channels / l.groups, l.kernel, l.kernel};
  const std::string name =
      absl::StrCat(Name(type), " conv ", ToString(x), " by ", ToString(w), " /", l.stride);
  if (type == DataType::kF32) {
    return MakeCase(name, o,
                    {RandomF32(x, -1, 1, rng), AsConstant(RandomF32(w, -1, 1, rng)),
                     AsConstant(RandomF32({l.outputs}, -1, 1, rng)),
                     l.residual ? RandomF32(y, -1, 1, rng) : Absent()},
                    {OutputLike(type)});
  }
  TestTensor weights = QuantizedWeights(w, 0, 0.01f, rng);
  // Small enough for CPUs without VNNI.
  for (uint8_t& b : weights.bytes) b = static_cast<uint8_t>(static_cast<int8_t>(b) / 2);
  return MakeCase(name, o,
                  {Quantized(type, x, 0.02f, 7, rng), AsConstant(weights),
                   AsConstant(QuantizedBias(l.outputs, 1000, rng)),
                   l.residual ? Quantized(type, y, 0.1f, 9, rng) : Absent()},
                  {OutputLike(type, 0.2f, 20)});
}

class AllocationsOf : public ::testing::TestWithParam<DataType> {
 protected:
  void SetUp() override {
    if (!AllocationCounter::Works()) GTEST_SKIP() << "sanitizers count their own allocations";
  }
};

TEST_P(AllocationsOf, Convolution) {
  Rng rng(1);
  for (const Layer& layer : kLayers) {
    for (int threads : {1, 2, 4}) {
      ExpectNoAllocations(kOnednnConv, ConvCase(layer, GetParam(), rng), threads);
    }
  }
}

TEST_P(AllocationsOf, MatrixProduct) {
  Rng rng(1);
  const DataType type = GetParam();
  for (int64_t rows : {1, 8, 128}) {
    for (bool constant : {true, false}) {
      const Shape a = {rows, 320}, b = {320, 200};
      TestTensor weights =
          type == DataType::kF32 ? RandomF32(b, -1, 1, rng) : QuantizedWeights(b, -1, 0.01f, rng);
      for (uint8_t& byte : weights.bytes) {
        if (type != DataType::kF32) byte = static_cast<uint8_t>(static_cast<int8_t>(byte) / 2);
      }
      if (constant) weights = AsConstant(weights);
      const std::string name = absl::StrCat(Name(type), " product of ", rows, " rows",
                                            constant ? " with constant weights" : "");
      const KernelCase c =
          type == DataType::kF32
              ? MakeCase(name, schema::MatMulOptionsT(), {RandomF32(a, -1, 1, rng), weights},
                         {OutputLike(type)})
              : MakeCase(name, schema::MatMulOptionsT(),
                         {Quantized(type, a, 0.02f, 3, rng), weights}, {OutputLike(type, 0.1f, 1)});
      for (int threads : {1, 2, 4}) ExpectNoAllocations(kOnednnMatMul, c, threads);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, AllocationsOf,
                         ::testing::Values(DataType::kF32, DataType::kU8, DataType::kS8),
                         [](const ::testing::TestParamInfo<DataType>& info) {
                           return std::string(Name(info.param));
                         });

TEST(AllocationCounter, Counts) {
  if (!AllocationCounter::Works()) GTEST_SKIP() << "sanitizers count their own allocations";
  const AllocationCounter counter;
  const auto number = std::make_unique<std::vector<int>>(100);
  EXPECT_EQ(counter.count(), 2) << number->size();
}

}  // namespace
}  // namespace octet::testing
