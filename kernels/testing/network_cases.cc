#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

// Transposed convolution, normalization, sampling and attention.

namespace octet::testing {
namespace {

constexpr DataType kF32 = DataType::kF32;
constexpr float kInf = std::numeric_limits<float>::infinity();

struct TransposedShape {
  const char* name;
  Shape x, w;  // [N, C, spatial...], [C, M / groups, kernel...]
  int groups;
  std::vector<int32_t> strides, dilations, begin, end, output_padding;
};
const TransposedShape kTransposedShapes[] = {
    {"2x2, stride 2", {1, 16, 5, 6}, {16, 24, 2, 2}, 1, {2, 2}, {1, 1}, {0, 0}, {0, 0}, {0, 0}},
    {"2x2, stride 2, batch",
     {3, 64, 4, 3},
     {64, 1, 2, 2},
     1,
     {2, 2},
     {1, 1},
     {0, 0},
     {0, 0},
     {0, 0}},
    {"3x3", {2, 5, 4, 6}, {5, 7, 3, 3}, 1, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}},
    {"3x3, stride 2", {1, 8, 5, 4}, {8, 17, 3, 3}, 1, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"4x4, stride 2", {1, 32, 6, 6}, {32, 16, 4, 4}, 1, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}},
    {"stride beyond the kernel",
     {1, 3, 3, 4},
     {3, 4, 1, 2},
     1,
     {3, 4},
     {1, 1},
     {0, 0},
     {0, 0},
     {2, 1}},
    {"dilation 2, asymmetric",
     {1, 4, 5, 5},
     {4, 6, 3, 2},
     1,
     {2, 1},
     {2, 3},
     {1, 0},
     {2, 3},
     {0, 0}},
    {"groups of 4", {1, 16, 4, 4}, {16, 3, 3, 3}, 4, {2, 2}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
    {"depthwise", {1, 12, 4, 5}, {12, 1, 4, 4}, 12, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}},
    {"pads beyond the kernel",
     {1, 2, 6, 6},
     {2, 3, 2, 2},
     1,
     {1, 1},
     {1, 1},
     {3, 1},
     {2, 2},
     {0, 0}},
    {"one pixel", {1, 10, 1, 1}, {10, 5, 3, 3}, 1, {2, 2}, {1, 1}, {0, 0}, {0, 0}, {0, 0}},
    {"1 dimension", {2, 6, 9}, {6, 4, 5}, 1, {3}, {1}, {2}, {1}, {0}},
    {"3 dimensions",
     {1, 4, 3, 2, 3},
     {4, 5, 2, 3, 2},
     1,
     {2, 1, 2},
     {1, 1, 1},
     {0, 1, 0},
     {0, 1, 0},
     {0, 0, 0}},
    {"large", {1, 32, 20, 20}, {32, 32, 2, 2}, 1, {2, 2}, {1, 1}, {0, 0}, {0, 0}, {0, 0}},
};

}  // namespace

std::vector<KernelCase> ConvTransposeCases() {
  Rng rng(32);
  std::vector<KernelCase> cases;
  for (const TransposedShape& s : kTransposedShapes) {
    schema::ConvTransposeOptionsT options;
    options.strides = s.strides;
    options.dilations = s.dilations;
    options.pads_begin = s.begin;
    options.pads_end = s.end;
    options.output_padding = s.output_padding;
    options.groups = s.groups;
    const Shape bias = {s.w[1] * s.groups};
    const auto add = [&](const char* name, bool constant, bool with_bias) {
      const TestTensor w = RandomF32(s.w, -1, 1, rng), b = RandomF32(bias, -2, 2, rng);
      std::vector<TestTensor> inputs = {RandomF32(s.x, -2, 2, rng), constant ? AsConstant(w) : w};
      if (with_bias) inputs.push_back(constant ? AsConstant(b) : b);
      cases.push_back(MakeCase(absl::StrCat(s.name, name), options, inputs, {OutputLike(kF32)}));
    };
    add("", true, true);
    add(", no bias", true, false);
    add(", computed weights", false, true);
    options.activation_min = 0;
    options.activation_max = 2.5f;
    add(", clipped", true, true);
  }
  return cases;
}

namespace {

struct Normalized {
  schema::NormalizationKind kind;
  Shape x;
  int axis, groups;
  Shape scale, bias;  // {-1}: none
};
const Shape kNone = {-1};

}  // namespace

std::vector<KernelCase> NormalizationCases() {
  using Kind = schema::NormalizationKind;
  const Normalized all[] = {
      {Kind::LAYER, {2, 7, 64}, 2, 1, {64}, {64}},
      {Kind::LAYER, {2, 7, 33}, 2, 1, {33}, kNone},
      {Kind::LAYER, {5, 100}, 1, 1, kNone, kNone},
      {Kind::LAYER, {2, 3, 4, 5}, 1, 1, {3, 4, 5}, {3, 1, 5}},
      {Kind::LAYER, {2, 3, 4, 5}, 2, 1, {4, 5}, {1}},
      {Kind::LAYER, {2, 3, 4, 5}, 0, 1, {2, 3, 4, 5}, {5}},
      {Kind::LAYER, {2, 3, 4, 5}, 3, 1, {3, 4, 5}, {2, 1, 1, 5}},
      {Kind::LAYER, {4, 1}, 1, 1, {1}, {1}},
      {Kind::LAYER, {300, 384}, 1, 1, {384}, {384}},
      {Kind::RMS, {2, 7, 64}, 2, 1, {64}, kNone},
      {Kind::RMS, {2, 3, 20}, 1, 1, {3, 20}, {20}},
      {Kind::RMS, {3, 5}, 1, 1, kNone, kNone},
      {Kind::GROUP, {2, 12, 5, 6}, 0, 4, {12}, {12}},
      {Kind::GROUP, {2, 12, 5, 6}, 0, 12, {12}, {12}},
      {Kind::GROUP, {1, 32, 7, 7}, 0, 1, {32}, kNone},
      {Kind::GROUP, {3, 6}, 0, 2, {6}, {6}},
      {Kind::GROUP, {1, 6, 21}, 0, 3, kNone, {6}},
      {Kind::GROUP, {1, 8, 3, 4, 5}, 0, 2, {8}, {8}},
      {Kind::GROUP, {1, 64, 40, 40}, 0, 32, {64}, {64}},
      {Kind::GROUP, {1, 19, 30, 30}, 0, 19, {19}, {19}},
  };
  Rng rng(33);
  std::vector<KernelCase> cases;
  for (const Normalized& n : all) {
    for (bool constant : {true, false}) {
      schema::NormalizationOptionsT options;
      options.kind = n.kind;
      options.axis = n.axis;
      options.groups = n.groups;
      options.epsilon = constant ? 1e-5f : 0.1f;
      const auto parameter = [&](const Shape& shape) {
        if (shape == kNone) return Absent();
        const TestTensor t = RandomF32(shape, -2, 2, rng);
        return constant ? AsConstant(t) : t;
      };
      // A mean far from 0 costs one-pass variances their digits.
      const std::vector<TestTensor> inputs = {
          RandomF32(n.x, constant ? -3 : 95, constant ? 3 : 105, rng), parameter(n.scale),
          parameter(n.bias)};
      cases.push_back(MakeCase(absl::StrCat(schema::EnumNameNormalizationKind(n.kind), " ",
                                            ToString(n.x), constant ? "" : ", computed parameters"),
                               options, inputs, {OutputLike(kF32)}));
    }
  }
  return cases;
}

std::vector<KernelCase> LrnCases() {
  Rng rng(34);
  std::vector<KernelCase> cases;
  for (const Shape& x : {Shape{2, 9, 4, 5}, Shape{1, 3, 7}, Shape{4, 6}, Shape{1, 64, 10, 10}}) {
    for (int size : {1, 2, 5, 30}) {
      schema::LrnOptionsT options;
      options.size = size;
      options.alpha = 0.3f;
      options.beta = 0.75f;
      options.bias = 2;
      cases.push_back(MakeCase(absl::StrCat("over ", size, " channels of ", ToString(x)), options,
                               {RandomF32(x, -2, 2, rng)}, {OutputLike(kF32)}));
    }
  }
  return cases;
}

std::vector<KernelCase> GridSampleCases() {
  struct Pair {
    Shape x, grid;
  };
  const Pair pairs[] = {{{2, 3, 4, 5}, {2, 6, 3, 2}},
                        {{1, 5, 1, 7}, {1, 2, 2, 2}},
                        {{1, 2, 9}, {1, 11, 1}},
                        {{1, 2, 3, 4, 3}, {1, 2, 3, 2, 3}}};
  Rng rng(35);
  std::vector<KernelCase> cases;
  for (const Pair& p : pairs) {
    for (auto mode : schema::EnumValuesGridMode()) {
      for (auto padding : schema::EnumValuesGridPadding()) {
        for (bool corners : {false, true}) {
          schema::GridSampleOptionsT options;
          options.mode = mode;
          options.padding = padding;
          options.align_corners = corners;
          cases.push_back(
              MakeCase(absl::StrCat(schema::EnumNameGridMode(mode), " ",
                                    schema::EnumNameGridPadding(padding), " ", ToString(p.x),
                                    corners ? ", corners" : ""),
                       options, {RandomF32(p.x, -2, 2, rng), RandomF32(p.grid, -1.6f, 1.6f, rng)},
                       {OutputLike(kF32)}));
        }
      }
    }
  }
  return cases;
}

std::vector<KernelCase> RoiAlignCases() {
  Rng rng(36);
  std::vector<KernelCase> cases;
  const std::vector<float> rois = {0, 0, 10, 8,  2.5f, 1.25f, 9, 15, -4, -3,
                                   3, 3, 20, 20, 30,   30,    8, 2,  2,  8};
  for (auto mode : schema::EnumValuesRoiAlignMode()) {
    for (int ratio : {0, 1, 3}) {
      for (bool half_pixel : {false, true}) {
        schema::RoiAlignOptionsT options;
        options.mode = mode;
        options.output_height = 3;
        options.output_width = 2;
        options.sampling_ratio = ratio;
        options.spatial_scale = 0.5f;
        options.half_pixel = half_pixel;
        TestTensor batch;
        batch.type = ratio == 1 ? DataType::kS32 : DataType::kS64;
        batch.shape = {5};
        batch.bytes = ratio == 1 ? BytesOf(std::vector<int32_t>{0, 1, 0, 1, 1})
                                 : BytesOf(std::vector<int64_t>{0, 1, 0, 1, 1});
        cases.push_back(MakeCase(absl::StrCat(schema::EnumNameRoiAlignMode(mode), " ", ratio,
                                              " samples", half_pixel ? ", half pixel" : ""),
                                 options,
                                 {RandomF32({2, 3, 8, 9}, -2, 2, rng), F32({5, 4}, rois), batch},
                                 {OutputLike(kF32)}));
      }
    }
  }
  return cases;
}

namespace {

TestTensor RandomMask(const Shape& shape, Rng& rng) {
  TestTensor t;
  t.type = DataType::kBool;
  t.shape = shape;
  for (int64_t i = 0; i < NumElements(shape); ++i) t.bytes.push_back(rng() % 3 != 0);
  // Whole rows are excluded.
  for (size_t i = 0; i < t.bytes.size() / 3; ++i) t.bytes[i] = 0;
  return t;
}

struct Heads {
  const char* name;
  int64_t batch, heads, shared, queries, keys, depth, width;
};

}  // namespace

std::vector<KernelCase> AttentionCases() {
  const Heads all[] = {
      {"as long", 2, 3, 3, 5, 5, 8, 8},        {"longer keys", 1, 4, 4, 3, 9, 16, 6},
      {"longer queries", 1, 2, 2, 7, 4, 5, 9}, {"grouped heads", 2, 6, 2, 4, 6, 8, 8},
      {"one query", 1, 8, 1, 1, 33, 32, 32},   {"a sentence", 1, 12, 12, 40, 40, 32, 32}};
  Rng rng(37);
  std::vector<KernelCase> cases;
  for (const Heads& h : all) {
    for (bool last : {false, true}) {
      schema::AttentionOptionsT options;
      options.scale = 1 / std::sqrt(static_cast<float>(h.depth));
      options.heads_last = last;
      const auto shape = [&](int64_t heads, int64_t time, int64_t depth) {
        return last ? Shape{h.batch, time, heads, depth} : Shape{h.batch, heads, time, depth};
      };
      const auto add = [&](const char* name, TestTensor mask) {
        cases.push_back(
            MakeCase(absl::StrCat(h.name, last ? ", heads last, " : ", ", name), options,
                     {RandomF32(shape(h.heads, h.queries, h.depth), -2, 2, rng),
                      RandomF32(shape(h.shared, h.keys, h.depth), -2, 2, rng),
                      RandomF32(shape(h.shared, h.keys, h.width), -2, 2, rng), std::move(mask)},
                     {OutputLike(kF32)}));
        cases.push_back(cases.back());
        cases.back().name += ", dynamic";
        cases.back().node.as<schema::AttentionOptionsT>().arithmetic = schema::Arithmetic::DYNAMIC;
      };
      const Shape masks[] = {{h.batch, h.heads, h.queries, h.keys},
                             {h.batch, 1, 1, h.keys},
                             {1, h.heads, h.queries, 1},
                             {h.queries, h.keys},
                             {h.keys},
                             {1}};
      add("no mask", Absent());
      for (const Shape& mask : masks) {
        const std::string name = absl::StrCat("mask ", ToString(mask));
        add(name.c_str(), RandomF32(mask, -3, 3, rng));
        add((name + " boolean").c_str(), RandomMask(mask, rng));
      }
      add("excluded by infinity",
          F32({h.keys}, std::vector<float>(static_cast<size_t>(h.keys), -kInf)));
      options.softcap = 0.7f;
      add("capped", RandomF32({h.queries, h.keys}, -3, 3, rng));
      options.causal = true;
      add("causal, capped", Absent());
      options.softcap = 0;
      add("causal", Absent());
      add("causal, masked", RandomMask({h.batch, 1, h.queries, h.keys}, rng));
    }
  }
  return cases;
}

}  // namespace octet::testing
