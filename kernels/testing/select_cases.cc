#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

// Operators that find elements by indices that are computed.

namespace octet::testing {
namespace {

using Reduction = schema::ScatterReduction;

constexpr DataType kS32 = DataType::kS32, kS64 = DataType::kS64;

const DataType kTypes[] = {DataType::kF32, DataType::kU8,  DataType::kS8,  DataType::kS16,
                           DataType::kU16, DataType::kS32, DataType::kU32, DataType::kS64,
                           DataType::kU64, DataType::kBool};

// Random indices into a dimension of `size`, negative ones too.
std::vector<int64_t> RandomIndices(int64_t count, int64_t size, Rng& rng) {
  std::uniform_int_distribution<int64_t> distribution(-size, size - 1);
  std::vector<int64_t> indices(static_cast<size_t>(count));
  for (int64_t& index : indices) index = distribution(rng);
  return indices;
}

TestTensor IndexTensor(DataType type, const Shape& shape, const std::vector<int64_t>& values) {
  if (type == kS64) return S64(shape, values);
  return S32(shape, std::vector<int32_t>(values.begin(), values.end()));
}

// Vectors of indices into the dimensions of x from `batch` on.
TestTensor RandomVectors(const Shape& shape, const Shape& x, size_t batch, Rng& rng) {
  const int64_t depth = shape.back();
  std::vector<int64_t> values(static_cast<size_t>(NumElements(shape)));
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t d = batch + i % static_cast<size_t>(depth);
    values[i] = RandomIndices(1, x[d], rng)[0];
  }
  return S64(shape, values);
}

struct Case {
  Shape x;
  Shape indices;
  int number;  // axis or batch_dims
};

template <typename OptionsT>
void AddGathers(const std::string& name, const OptionsT& options, const Shape& x,
                const TestTensor& indices, Rng& rng, std::vector<KernelCase>& cases) {
  const std::string what =
      absl::StrCat(name, " ", ToString(indices.shape), " of ", ToString(x), ", ");
  for (DataType type : kTypes) {
    const TestTensor t = Anything(type, x, rng);
    cases.push_back(MakeCase(absl::StrCat(what, Name(type)), options, {t, indices}, {OutputOf(t)}));
  }
  const TestTensor t = Quantized(DataType::kS8, x, 0.1f, 3, rng);
  cases.push_back(
      MakeCase(what + "requantized", options, {t, indices}, {OutputLike(DataType::kU8, 0.2f, 9)}));
}

// Updates that meet: sums and products of floats depend on their order.
template <typename OptionsT>
void AddScatters(const std::string& name, OptionsT options, const Shape& x,
                 const TestTensor& indices, const Shape& updates, Rng& rng,
                 std::vector<KernelCase>& cases) {
  for (Reduction reduction : schema::EnumValuesScatterReduction()) {
    options.reduction = reduction;
    const std::string what = absl::StrCat(name, " ", ToString(indices.shape), " into ", ToString(x),
                                          ", ", schema::EnumNameScatterReduction(reduction), ", ");
    for (DataType type : kTypes) {
      const TestTensor t = Anything(type, x, rng);
      cases.push_back(MakeCase(absl::StrCat(what, Name(type)), options,
                               {t, indices, Anything(type, updates, rng)}, {OutputOf(t)}));
    }
    cases.push_back(
        MakeCase(what + "constant x", options,
                 {AsConstant(RandomF32(x, -1, 1, rng)), indices, RandomF32(updates, -1, 1, rng)},
                 {OutputLike(DataType::kF32)}));
    cases.push_back(MakeCase(what + "requantized", options,
                             {Quantized(DataType::kS8, x, 0.1f, 3, rng), indices,
                              Quantized(DataType::kU8, updates, 0.05f, 99, rng)},
                             {OutputLike(DataType::kU8, 0.2f, 9)}));
  }
}

}  // namespace

std::vector<KernelCase> GatherCases() {
  const Case kCases[] = {{{7, 5}, {3}, 0},       {{7, 5}, {3, 2}, 1},      {{3, 4, 5}, {2, 2}, 1},
                         {{3, 4, 5}, {}, 2},     {{50, 384}, {1, 128}, 0}, {{6}, {4, 1}, 0},
                         {{2, 3, 4, 5}, {0}, 3}, {{2, 0, 4}, {3}, 0},      {{300, 8, 40}, {20}, 1},
                         {{4, 3}, {1}, 0}};
  Rng rng(31);
  std::vector<KernelCase> cases;
  for (const Case& c : kCases) {
    for (DataType type : {kS32, kS64}) {
      schema::GatherOptionsT options;
      options.axis = c.number;
      const TestTensor indices = IndexTensor(
          type, c.indices,
          RandomIndices(NumElements(c.indices), c.x[static_cast<size_t>(c.number)], rng));
      AddGathers(absl::StrCat("gather along ", c.number, " by ", Name(type)), options, c.x, indices,
                 rng, cases);
    }
  }
  return cases;
}

std::vector<KernelCase> GatherElementsCases() {
  const Case kCases[] = {{{7, 5}, {3, 5}, 0},
                         {{7, 5}, {6, 9}, 1},
                         {{3, 4, 5}, {2, 6, 3}, 1},
                         {{6}, {20}, 0},
                         {{2, 3, 4, 5}, {2, 3, 4, 1}, 3},
                         {{2, 3}, {0, 3}, 0},
                         {{40, 90, 20}, {40, 70, 20}, 1}};
  Rng rng(32);
  std::vector<KernelCase> cases;
  for (const Case& c : kCases) {
    for (DataType type : {kS32, kS64}) {
      schema::GatherElementsOptionsT options;
      options.axis = c.number;
      const TestTensor indices = IndexTensor(
          type, c.indices,
          RandomIndices(NumElements(c.indices), c.x[static_cast<size_t>(c.number)], rng));
      AddGathers(absl::StrCat("gather elements along ", c.number, " by ", Name(type)), options, c.x,
                 indices, rng, cases);
    }
  }
  return cases;
}

std::vector<KernelCase> GatherNDCases() {
  const Case kCases[] = {{{7, 5}, {3, 1}, 0},
                         {{7, 5}, {3, 2}, 0},
                         {{3, 4, 5}, {3, 2, 1}, 1},
                         {{3, 4, 5}, {3, 2, 2}, 1},
                         {{2, 3, 4, 5}, {2, 3, 2, 1}, 2},
                         {{6}, {4, 2, 1}, 0},
                         {{3, 4}, {2, 0}, 0},
                         {{3, 4}, {0, 2}, 0},
                         {{20, 30, 200}, {400, 2}, 0}};
  Rng rng(33);
  std::vector<KernelCase> cases;
  for (const Case& c : kCases) {
    schema::GatherNDOptionsT options;
    options.batch_dims = c.number;
    const TestTensor indices = RandomVectors(c.indices, c.x, static_cast<size_t>(c.number), rng);
    AddGathers(absl::StrCat("gather vectors behind ", c.number), options, c.x, indices, rng, cases);
  }
  return cases;
}

std::vector<KernelCase> ScatterElementsCases() {
  const Case kCases[] = {{{7, 5}, {3, 5}, 0}, {{7, 5}, {6, 9}, 1}, {{3, 4, 5}, {2, 6, 3}, 1},
                         {{6}, {20}, 0},      {{2, 3}, {0, 3}, 0}, {{30, 90, 20}, {30, 70, 20}, 1}};
  Rng rng(34);
  std::vector<KernelCase> cases;
  for (const Case& c : kCases) {
    schema::ScatterElementsOptionsT options;
    options.axis = c.number;
    const TestTensor indices =
        IndexTensor(c.x.size() == 2 ? kS32 : kS64, c.indices,
                    RandomIndices(NumElements(c.indices), c.x[static_cast<size_t>(c.number)], rng));
    AddScatters(absl::StrCat("scatter elements along ", c.number), options, c.x, indices, c.indices,
                rng, cases);
  }
  return cases;
}

std::vector<KernelCase> ScatterNDCases() {
  struct Vectors {
    Shape x, indices, updates;
  };
  const Vectors kCases[] = {
      {{7, 5}, {9, 1}, {9, 5}},        {{7, 5}, {3, 2}, {3}}, {{3, 4, 5}, {2, 2, 2}, {2, 2, 5}},
      {{6}, {4, 2, 1}, {4, 2}},        {{3, 4}, {0, 2}, {0}}, {{3, 4}, {2, 0}, {2, 3, 4}},
      {{8, 3000}, {20, 1}, {20, 3000}}};
  Rng rng(35);
  std::vector<KernelCase> cases;
  for (const Vectors& c : kCases) {
    AddScatters("scatter vectors", schema::ScatterNDOptionsT(), c.x,
                RandomVectors(c.indices, c.x, 0, rng), c.updates, rng, cases);
  }
  return cases;
}

std::vector<KernelCase> ReverseSequenceCases() {
  struct Reversal {
    Shape x;
    int batch, time;
  };
  const Reversal kReversals[] = {{{4, 4}, 1, 0},
                                 {{3, 5, 2}, 0, 1},
                                 {{2, 3, 4, 5}, 3, 1},
                                 {{6, 2, 30, 40}, 1, 0},
                                 {{2, 0}, 0, 1}};
  Rng rng(36);
  std::vector<KernelCase> cases;
  for (const Reversal& r : kReversals) {
    schema::ReverseSequenceOptionsT options;
    options.batch_axis = r.batch;
    options.time_axis = r.time;
    const int64_t batch = r.x[static_cast<size_t>(r.batch)];
    std::uniform_int_distribution<int64_t> length(0, r.x[static_cast<size_t>(r.time)]);
    std::vector<int64_t> lengths(static_cast<size_t>(batch));
    for (int64_t& l : lengths) l = length(rng);
    for (DataType type : kTypes) {
      const TestTensor x = Anything(type, r.x, rng);
      cases.push_back(
          MakeCase(absl::StrCat("reverse ", ToString(r.x), " along ", r.time, ", ", Name(type)),
                   options, {x, S64({batch}, lengths)}, {OutputOf(x)}));
    }
  }
  return cases;
}

}  // namespace octet::testing
