#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

// Operators that take elements from places that their options tell.

namespace octet::testing {
namespace {

const DataType kTypes[] = {DataType::kF32, DataType::kU8,  DataType::kS8,
                           DataType::kS16, DataType::kS64, DataType::kBool};

// The operator on x of every type, and from s8 to u8 of another scale.
template <typename OptionsT>
void AddTypes(const std::string& name, const OptionsT& options, const Shape& shape, Rng& rng,
              std::vector<KernelCase>& cases) {
  for (DataType type : kTypes) {
    const TestTensor x = Anything(type, shape, rng);
    cases.push_back(MakeCase(absl::StrCat(name, " of ", ToString(shape), ", ", Name(type)), options,
                             {x}, {OutputOf(x)}));
  }
  cases.push_back(MakeCase(absl::StrCat(name, " of ", ToString(shape), ", requantized"), options,
                           {Quantized(DataType::kS8, shape, 0.1f, 3, rng)},
                           {OutputLike(DataType::kU8, 0.2f, 9)}));
}

}  // namespace

std::vector<KernelCase> SliceCases() {
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  struct Slice {
    Shape x;
    std::vector<int32_t> axes;
    std::vector<int64_t> starts, ends, steps;
  };
  const Slice kSlices[] = {
      {{2, 5, 7, 3}, {1}, {1}, {4}, {}},
      {{2, 5, 7, 3}, {3, 2}, {0, -3}, {kFar, kFar}, {2, 1}},
      {{2, 5, 7, 3}, {1, 2}, {-1, kFar}, {kLowest, kLowest}, {-1, -3}},
      {{2, 5, 7, 3}, {0, 1, 2, 3}, {1, 4, 6, 2}, {-9, -9, -9, -9}, {-1, -1, -1, -1}},
      {{2, 64, 9, 9}, {1}, {32}, {64}, {1}},
      {{1, 3, 40, 60}, {2, 3}, {0, 0}, {kFar, kFar}, {2, 2}},
      {{1, 3, 40, 60}, {2, 3}, {1, 1}, {kFar, kFar}, {2, 2}},
      {{6, 200}, {0}, {2}, {5}, {1}},
      {{6, 200}, {1}, {3}, {3}, {1}},
      {{6, 9}, {0}, {5}, {4}, {kLowest}},
      {{5, 6}, {}, {}, {}, {}},
      {{0, 6}, {0}, {0}, {3}, {}},
      {{100, 300}, {1}, {0}, {250}, {}},
      {{17}, {0}, {-1}, {kLowest}, {-2}}};
  Rng rng(21);
  std::vector<KernelCase> cases;
  for (const Slice& s : kSlices) {
    schema::SliceOptionsT options;
    options.axes = s.axes;
    options.starts = s.starts;
    options.ends = s.ends;
    options.steps = s.steps;
    AddTypes("slice", options, s.x, rng, cases);
  }
  return cases;
}

std::vector<KernelCase> ExpandCases() {
  struct Expansion {
    Shape x;
    std::vector<int64_t> shape;
  };
  const Expansion kExpansions[] = {{{3, 1}, {3, 4}},
                                   {{1, 4}, {3, 1}},
                                   {{}, {2, 3}},
                                   {{1, 8, 1, 5}, {2, 1, 3, 1}},
                                   {{4, 1, 9}, {2, 4, 70, 1}},
                                   {{2, 3, 4}, {1}},
                                   {{1, 1, 1, 64}, {1, 12, 64, 64}},
                                   {{1, 3, 1, 1}, {2, 3, 9, 9}},
                                   {{1, 5}, {0, 5}},
                                   {{5}, {1, 1, 2, 1, 1, 2, 2, 5}}};
  Rng rng(22);
  std::vector<KernelCase> cases;
  for (const Expansion& e : kExpansions) {
    schema::ExpandOptionsT options;
    options.shape = e.shape;
    AddTypes(absl::StrCat("expand to ", ToString(Shape(e.shape.begin(), e.shape.end()))), options,
             e.x, rng, cases);
  }
  return cases;
}

std::vector<KernelCase> TileCases() {
  struct Tiling {
    Shape x;
    std::vector<int64_t> repeats;
  };
  const Tiling kTilings[] = {{{2, 3}, {3, 2}},
                             {{2, 5, 3, 4}, {1, 2, 3, 1}},
                             {{4}, {0}},
                             {{}, {}},
                             {{1, 1, 50}, {9, 40, 1}},
                             {{2, 1, 2, 3, 2, 1, 2, 2}, {2, 2, 1, 2, 2, 3, 1, 2}},
                             {{1, 6, 7, 1}, {2, 2, 1, 5}}};
  Rng rng(23);
  std::vector<KernelCase> cases;
  for (const Tiling& t : kTilings) {
    schema::TileOptionsT options;
    options.repeats = t.repeats;
    AddTypes("tile", options, t.x, rng, cases);
  }
  return cases;
}

std::vector<KernelCase> DepthToSpaceCases() {
  Rng rng(24);
  std::vector<KernelCase> cases;
  for (bool column_row : {false, true}) {
    schema::DepthToSpaceOptionsT options;
    options.column_row = column_row;
    const std::string name = column_row ? "depth to space, column-row" : "depth to space";
    options.block_size = 2;
    AddTypes(name, options, {2, 12, 3, 4}, rng, cases);
    AddTypes(name, options, {1, 64, 20, 30}, rng, cases);
    options.block_size = 3;
    AddTypes(name, options, {1, 9, 2, 2}, rng, cases);
    options.block_size = 1;
    AddTypes(name, options, {1, 5, 2, 2}, rng, cases);
  }
  return cases;
}

std::vector<KernelCase> SpaceToDepthCases() {
  Rng rng(25);
  std::vector<KernelCase> cases;
  schema::SpaceToDepthOptionsT options;
  options.block_size = 2;
  AddTypes("space to depth", options, {2, 3, 6, 8}, rng, cases);
  AddTypes("space to depth", options, {1, 3, 64, 64}, rng, cases);
  options.block_size = 3;
  AddTypes("space to depth", options, {1, 4, 3, 9}, rng, cases);
  return cases;
}

std::vector<KernelCase> ShapeOfCases() {
  Rng rng(26);
  std::vector<KernelCase> cases;
  for (DataType type : kTypes) {
    for (int start : {0, 1, 3}) {
      schema::ShapeOfOptionsT options;
      options.start = start;
      options.end = 3;
      cases.push_back(MakeCase(absl::StrCat("shape from ", start, " of ", Name(type)), options,
                               {Anything(type, {2, 5, 4, 3}, rng)}, {OutputLike(DataType::kS64)}));
    }
  }
  return cases;
}

}  // namespace octet::testing
