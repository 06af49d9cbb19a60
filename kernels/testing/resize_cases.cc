#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

namespace octet::testing {
namespace {

using schema::ResizeCoordinates;
using schema::ResizeMode;

constexpr DataType kF32 = DataType::kF32, kU8 = DataType::kU8, kS8 = DataType::kS8;

struct Geometry {
  const char* name;
  Shape x;
  std::vector<int32_t> axes;
  std::vector<float> scales;
  std::vector<int64_t> sizes;
};
const Geometry kGeometries[] = {
    {"twice", {1, 5, 4, 3}, {2, 3}, {2, 2}, {}},
    {"twice, many channels", {2, 64, 5, 7}, {2, 3}, {}, {10, 14}},
    {"to other sizes", {1, 3, 7, 10}, {2, 3}, {}, {5, 23}},
    {"by 0.6", {1, 17, 9, 8}, {2, 3}, {0.6f, 0.6f}, {}},
    {"by 1.7, axes in reverse", {1, 4, 6, 5}, {3, 2}, {1.7f, 0.8f}, {}},
    {"from one pixel", {1, 6, 1, 1}, {2, 3}, {}, {3, 2}},
    {"to one pixel", {2, 3, 5, 4}, {2, 3}, {}, {1, 1}},
    {"all axes", {1, 2, 4, 5}, {0, 1, 2, 3}, {2, 1.5f, 1, 0.5f}, {}},
    {"the last axis", {3, 2, 6, 9}, {3}, {}, {4}},
    {"the middle axis", {3, 2, 6, 9}, {2}, {}, {11}},
    {"1 dimension", {2, 3, 8}, {2}, {2.5f}, {}},
    {"3 dimensions", {1, 4, 3, 4, 2}, {2, 3, 4}, {}, {5, 3, 4}},
    {"a vector", {7}, {0}, {}, {12}},
    {"a large picture", {1, 16, 20, 20}, {2, 3}, {2, 2}, {}},
    {"to the same size", {1, 3, 5, 5}, {2, 3}, {}, {5, 5}},
};

schema::ResizeOptionsT OptionsOf(const Geometry& g, ResizeMode mode,
                                 ResizeCoordinates coordinates) {
  schema::ResizeOptionsT options;
  options.mode = mode;
  options.coordinates = coordinates;
  options.axes = g.axes;
  options.scales = g.scales;
  options.sizes = g.sizes;
  if (coordinates == ResizeCoordinates::TF_CROP_AND_RESIZE) {
    options.extrapolation_value = 1.75f;
    for (size_t i = 0; i < g.axes.size(); ++i) options.roi.push_back(i % 2 == 0 ? 0.2f : -0.5f);
    for (size_t i = 0; i < g.axes.size(); ++i) options.roi.push_back(i % 2 == 0 ? 0.9f : 1.25f);
  }
  return options;
}

// Integers that stand for themselves.
TestTensor Whole(DataType type, const Shape& shape, Rng& rng) {
  TestTensor t;
  t.type = type;
  t.shape = shape;
  t.bytes.resize(static_cast<size_t>(NumElements(shape)) * SizeOf(type));
  for (uint8_t& byte : t.bytes) byte = static_cast<uint8_t>(rng());
  if (type == DataType::kBool) {
    for (uint8_t& byte : t.bytes) byte &= 1;
  }
  return t;
}

void AddTypes(const std::string& name, const schema::ResizeOptionsT& options, const Shape& x,
              Rng& rng, std::vector<KernelCase>& cases) {
  cases.push_back(
      MakeCase(name + ", f32", options, {RandomF32(x, -3, 3, rng)}, {OutputLike(kF32)}));
  cases.push_back(MakeCase(name + ", u8", options, {Quantized(kU8, x, 0.05f, 100, rng)},
                           {OutputLike(kU8, 0.05f, 100)}));
  cases.push_back(MakeCase(name + ", s8 rescaled", options, {Quantized(kS8, x, 0.5f, -3, rng)},
                           {OutputLike(kS8, 0.75f, 10)}));
}

void AddWhole(const Geometry& g, Rng& rng, std::vector<KernelCase>& cases) {
  for (DataType type : {kU8, DataType::kS8, DataType::kU16, DataType::kS16, DataType::kS32,
                        DataType::kU32, DataType::kS64, DataType::kU64, DataType::kBool}) {
    for (ResizeMode mode : {ResizeMode::NEAREST, ResizeMode::LINEAR}) {
      if (type == DataType::kBool && mode == ResizeMode::LINEAR) continue;
      cases.push_back(MakeCase(absl::StrCat(schema::EnumNameResizeMode(mode), " ", g.name, ", ",
                                            std::string(Name(type)), " as they are"),
                               OptionsOf(g, mode, ResizeCoordinates::ASYMMETRIC),
                               {Whole(type, g.x, rng)}, {OutputLike(type)}));
    }
  }
}

}  // namespace

std::vector<KernelCase> ResizeCases() {
  Rng rng(31);
  std::vector<KernelCase> cases;
  for (const Geometry& g : kGeometries) {
    for (ResizeMode mode : schema::EnumValuesResizeMode()) {
      for (ResizeCoordinates coordinates : schema::EnumValuesResizeCoordinates()) {
        schema::ResizeOptionsT options = OptionsOf(g, mode, coordinates);
        options.nearest = schema::EnumValuesResizeNearest()[cases.size() % 4];
        options.exclude_outside = mode == ResizeMode::CUBIC && cases.size() % 2 == 0;
        AddTypes(absl::StrCat(schema::EnumNameResizeMode(mode), " ",
                              schema::EnumNameResizeCoordinates(coordinates), " ", g.name),
                 options, g.x, rng, cases);
      }
      if (mode == ResizeMode::NEAREST) continue;
      schema::ResizeOptionsT options = OptionsOf(g, mode, ResizeCoordinates::HALF_PIXEL);
      options.antialias = true;
      options.cubic_coefficient = -0.5f;
      AddTypes(absl::StrCat(schema::EnumNameResizeMode(mode), " antialiased ", g.name), options,
               g.x, rng, cases);
    }
  }
  AddWhole(kGeometries[2], rng, cases);
  AddWhole(kGeometries[3], rng, cases);
  for (auto aspect : {schema::ResizeAspect::NOT_LARGER, schema::ResizeAspect::NOT_SMALLER}) {
    schema::ResizeOptionsT options =
        OptionsOf(kGeometries[2], ResizeMode::LINEAR, ResizeCoordinates::HALF_PIXEL);
    options.keep_aspect = aspect;
    AddTypes(schema::EnumNameResizeAspect(aspect), options, kGeometries[2].x, rng, cases);
  }
  return cases;
}

}  // namespace octet::testing
