#ifndef OCTET_KERNELS_TESTING_KERNEL_TEST_UTIL_H_
#define OCTET_KERNELS_TESTING_KERNEL_TEST_UTIL_H_

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "kernels/kernel.h"
#include "octet/thread_pool.h"
#include "runtime/core/cpu_features.h"
#include "runtime/core/graph.h"

// Runs one kernel by itself: describe the operator and its operands as a KernelCase, hand it to
// RunRow, get the outputs back in row-major order whatever layout they were computed in.
//
//   KernelCase c = MakeCase("3x3", conv_options,
//                           {Quantized(DataType::kU8, {1, 3, 9, 9}, 0.02f, 128, rng),
//                            AsConstant(QuantizedWeights({8, 3, 3, 3}, 0, 0.01f, rng)), Absent()},
//                           {OutputLike(DataType::kU8, 0.05f, 110)});
//   absl::StatusOr<Outputs> got = RunRow(kSimdConv, c);
//   absl::StatusOr<Outputs> want = RunRow(kReferenceConv, c);
//   ExpectAlike(c, *got, *want, Tolerance());

namespace octet::testing {

using Rng = std::mt19937;

// An operand with its bytes, which are row-major.
struct TestTensor {
  DataType type = DataType::kUnknown;  // kUnknown: an absent input
  Shape shape;
  absl::optional<QuantParams> quant;
  bool constant = false;
  std::vector<uint8_t> bytes;

  bool present() const { return type != DataType::kUnknown; }
  template <typename T>
  std::vector<T> values() const {
    std::vector<T> result(bytes.size() / sizeof(T));
    if (!result.empty()) std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  }
};

// The bytes of `values`.
template <typename T>
std::vector<uint8_t> BytesOf(const std::vector<T>& values) {
  const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
  return std::vector<uint8_t>(begin, begin + values.size() * sizeof(T));
}

TestTensor Absent();
// Given values.
TestTensor F32(const Shape& shape, const std::vector<float>& values);
TestTensor S32(const Shape& shape, const std::vector<int32_t>& values);
TestTensor S64(const Shape& shape, const std::vector<int64_t>& values);
// Integers of type kU8, kS8, kS16 or kS32 with one scale and zero_point.
TestTensor Ints(DataType type, const Shape& shape, float scale, int32_t zero_point,
                const std::vector<int32_t>& values);
// Numbers of any type without a scale, converted as Cast does.
TestTensor Values(DataType type, const Shape& shape, const std::vector<double>& values);
// Elements whose C++ type has the size of `type`.
template <typename T>
TestTensor Elements(DataType type, const Shape& shape, const std::vector<T>& values) {
  TestTensor t;
  t.type = type;
  t.shape = shape;
  t.bytes = BytesOf(values);
  return t;
}
// Random integers in [lo, hi], or booleans, without a scale.
TestTensor RandomWhole(DataType type, const Shape& shape, int64_t lo, int64_t hi, Rng& rng);
// Random integers over the type's whole range; every other one is -1, 0, 1 or an end of the range.
TestTensor RandomWhole(DataType type, const Shape& shape, Rng& rng);
// Random values in [lo, hi].
TestTensor RandomF32(const Shape& shape, float lo, float hi, Rng& rng);
// Random integers over the type's whole range; now and then many extremes in a row.
TestTensor Quantized(DataType type, const Shape& shape, float scale, int32_t zero_point, Rng& rng);
// Arbitrary numbers of any type; u8 and s8 are quantized, other integers are not.
TestTensor Anything(DataType type, const Shape& shape, Rng& rng);
// Random s8 in [-127, 127], or s16 in [-32767, 32767], with zero_point 0. axis >= 0: one scale per
// index along it, about `mean_scale`; the first index with more than one is all zero.
TestTensor QuantizedWeights(const Shape& shape, int axis, float mean_scale, Rng& rng,
                            DataType type = DataType::kS8);
// An s32 bias in [-bound, bound], or s64.
TestTensor QuantizedBias(int64_t channels, int64_t bound, Rng& rng, DataType type = DataType::kS32);
TestTensor AsConstant(TestTensor t);
// Outputs: the shape is inferred.
TestTensor OutputOf(const TestTensor& x);  // with x's numbers
TestTensor OutputLike(DataType type);
TestTensor OutputLike(DataType type, float scale, int32_t zero_point);

// An operator with its operands.
struct KernelCase {
  std::string name;
  Node node;
  std::vector<TestTensor> inputs;
  std::vector<TestTensor> outputs;  // without bytes
  // Applied to the f32 result: by rows that do so themselves, else number by number afterwards.
  std::vector<PostFunction> post = {};
};

// Fails the current test, and returns a case without outputs' shapes, when the operands do not suit
// the options.
KernelCase MakeCase(std::string name, Node node, std::vector<TestTensor> inputs,
                    std::vector<TestTensor> outputs);

template <typename OptionsT>
KernelCase MakeCase(std::string name, OptionsT options, std::vector<TestTensor> inputs,
                    std::vector<TestTensor> outputs) {
  return MakeCase(name, Graph::MakeNode(name, std::move(options), {}, {}), std::move(inputs),
                  std::move(outputs));
}

// How to run a case.
struct RunOptions {
  // Layout of computed operands whose rank is the output's and at least 3; others are row-major.
  Layout layout = Layout::kPlain;
  // Set: the layout of the outputs, where it differs from that of the inputs.
  absl::optional<Layout> output_layout;
  ThreadPool* pool = nullptr;  // null: one thread
  bool deterministic = false;
  bool accumulate_f16 = false;
  absl::optional<CpuFeatures> cpu;  // absent: TestCpu()
  PackedWeights* packed = nullptr;  // null: packed for this run alone
};

// The layout in which the operator's computed operands lie in a network: channels last for spatial
// operators, else row-major.
RunOptions NaturalOptions(const KernelCase& c);

// CpuFeatures of this CPU under the cap of ONEDNN_MAX_CPU_ISA.
CpuFeatures TestCpu();

// One buffer per output, row-major.
using Outputs = std::vector<std::vector<uint8_t>>;

// Prepares the case by `row` and runs it. The status of check or prepare when one of them declines;
// Internal when the kernel writes beyond its outputs or scratch, or changes an input;
// InvalidArgument when it reports input values that it cannot work with.
absl::StatusOr<Outputs> RunRow(const KernelEntry& row, const KernelCase& c,
                               const RunOptions& options = {});

// How far outputs may be apart.
struct Tolerance {
  int units = 0;          // integers
  float relative = 1e-5;  // f32: of the largest finite magnitude in the expected output
  float half_steps = 1;   // f16, bf16: steps between neighbouring numbers at that magnitude
};

// "" when alike, else a sentence about the worst element.
std::string Difference(const KernelCase& c, const Outputs& got, const Outputs& want,
                       const Tolerance& tolerance);

// Adds a failure with the case's name when the outputs are not alike.
void ExpectAlike(const KernelCase& c, const Outputs& got, const Outputs& want,
                 const Tolerance& tolerance);

}  // namespace octet::testing

#endif  // OCTET_KERNELS_TESTING_KERNEL_TEST_UTIL_H_
