#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

// Pooling and reductions.

namespace octet::testing {
namespace {

constexpr DataType kF32 = DataType::kF32, kU8 = DataType::kU8, kS8 = DataType::kS8;
constexpr DataType kS16 = DataType::kS16;

// Input and output types of a reduction, and whether both have the same scale.
struct Types {
  const char* name;
  DataType x, y;
  int32_t x_zero, y_zero;
  float ratio;  // of the scales, y to x
};
const Types kTypes[] = {
    {"f32", kF32, kF32, 0, 0, 1},
    {"u8", kU8, kU8, 128, 128, 1},
    {"u8 rescaled", kU8, kU8, 255, 3, 0.7f},
    {"s8", kS8, kS8, 0, 0, 1},
    {"s8 rescaled", kS8, kS8, -128, 127, 1.3f},
    {"u8 halved", kU8, kU8, 0, 0, 2},  // many ties
    {"s8 to u8", kS8, kU8, -3, 100, 0.9f},
    {"u8 to f32", kU8, kF32, 10, 0, 1},
    {"s16", kS16, kS16, 0, 0, 1},
    {"s16 rescaled", kS16, kS16, 0, 0, 0.7f},
    {"s16 halved", kS16, kS16, 0, 0, 2},  // many ties
    {"s16 to f32", kS16, kF32, 0, 0, 1},
};

TestTensor Input(const Types& t, const Shape& shape, Rng& rng) {
  if (t.x == kF32) return RandomF32(shape, -5, 5, rng);
  return Quantized(t.x, shape, 0.05f, t.x_zero, rng);
}

TestTensor Output(const Types& t) {
  if (t.y == kF32) return OutputLike(kF32);
  return OutputLike(t.y, t.x == kF32 ? 0.05f : 0.05f * t.ratio, t.y_zero);
}

struct Window {
  const char* name;
  Shape x;
  std::vector<int32_t> kernel, strides, dilations, begin, end;
};
const Window kWindows[] = {
    {"2x2", {1, 17, 8, 6}, {2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}},
    {"3x3 stride 2", {2, 64, 9, 11}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}},
    {"3x3 one channel", {1, 1, 5, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"5x3 asymmetric", {1, 3, 7, 10}, {5, 3}, {3, 1}, {1, 1}, {2, 0}, {1, 2}},
    {"over the whole", {1, 5, 4, 3}, {7, 5}, {1, 1}, {1, 1}, {3, 2}, {3, 2}},
    {"1x1", {1, 300, 2, 2}, {1, 1}, {2, 2}, {1, 1}, {0, 0}, {0, 0}},
    {"1 dimension", {2, 7, 13}, {4}, {2}, {1}, {1}, {2}},
    {"3 dimensions", {1, 6, 4, 5, 6}, {2, 3, 2}, {2, 1, 2}, {1, 1, 1}, {0, 1, 1}, {0, 1, 0}},
    {"large picture", {1, 64, 33, 33}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
};

}  // namespace

std::vector<KernelCase> PoolCases() {
  Rng rng(3);
  std::vector<KernelCase> cases;
  const auto add = [&](const Window& w, const Types& t, schema::PoolKind kind, bool padded,
                       int32_t dilation, schema::TieRule ties = schema::TieRule::TO_EVEN) {
    schema::PoolOptionsT options;
    options.kind = kind;
    options.kernel = w.kernel;
    options.strides = w.strides;
    options.dilations = w.dilations;
    for (int32_t& d : options.dilations) d *= dilation;
    options.pads_begin = w.begin;
    options.pads_end = w.end;
    options.count_include_pad = padded;
    options.ties = ties;
    const bool away = ties == schema::TieRule::AWAY_FROM_ZERO;
    const char* names[] = {"max ", "average "};
    cases.push_back(
        MakeCase(absl::StrCat(names[static_cast<int>(kind)], w.name, ", ", t.name,
                              padded ? ", counting padding" : "", dilation > 1 ? ", dilated" : "",
                              away ? ", ties away from zero" : ""),
                 std::move(options), {Input(t, w.x, rng)}, {Output(t)}));
  };
  for (const Window& w : kWindows) {
    for (const Types& t : kTypes) {
      add(w, t, schema::PoolKind::MAXIMUM, false, 1);
      add(w, t, schema::PoolKind::AVERAGE, false, 1);
      add(w, t, schema::PoolKind::AVERAGE, true, 1);
      if (t.x != t.y || t.x == kF32 || t.ratio != 1 || t.x_zero != t.y_zero) continue;
      for (bool padded : {false, true}) {
        add(w, t, schema::PoolKind::AVERAGE, padded, 1, schema::TieRule::AWAY_FROM_ZERO);
      }
    }
  }
  for (const Types& t : kTypes) {
    add(kWindows[8], t, schema::PoolKind::MAXIMUM, false, 2);
    add(kWindows[8], t, schema::PoolKind::AVERAGE, false, 2);
    add(kWindows[8], t, schema::PoolKind::AVERAGE, true, 2);
  }
  return cases;
}

std::vector<KernelCase> GlobalPoolCases() {
  Rng rng(4);
  std::vector<KernelCase> cases;
  const Shape shapes[] = {{1, 64, 7, 7},    {2, 17, 1, 1}, {3, 5, 4, 9},   {1, 1, 3, 3},
                          {4, 640, 14, 14}, {2, 33, 12},   {1, 3, 2, 3, 4}};
  for (const Shape& shape : shapes) {
    for (const Types& t : kTypes) {
      for (schema::PoolKind kind : {schema::PoolKind::MAXIMUM, schema::PoolKind::AVERAGE}) {
        schema::GlobalPoolOptionsT options;
        options.kind = kind;
        const char* names[] = {"max ", "average "};
        cases.push_back(
            MakeCase(absl::StrCat(names[static_cast<int>(kind)], ToString(shape), ", ", t.name),
                     std::move(options), {Input(t, shape, rng)}, {Output(t)}));
      }
    }
  }
  return cases;
}

std::vector<KernelCase> ReduceCases() {
  Rng rng(5);
  struct Axes {
    Shape x;
    std::vector<int32_t> axes;
    bool keep_dims;
  };
  const Axes kAxes[] = {{{2, 17, 5, 6}, {2, 3}, true},
                        {{2, 17, 5, 6}, {2, 3}, false},
                        {{2, 33, 4, 4}, {1}, true},
                        {{6, 100}, {1}, true},
                        {{6, 100}, {0}, false},
                        {{3, 4, 50}, {2}, false},
                        {{3, 4, 50}, {1}, true},
                        {{2, 3, 4, 5}, {0, 2}, true},
                        {{2, 3, 4, 5}, {0, 1, 2, 3}, false},
                        {{7}, {0}, true},
                        {{1, 300, 1, 1}, {1}, true},
                        {{4, 5, 6}, {0, 2}, false},
                        {{4, 64, 40, 40}, {2, 3}, true}};
  std::vector<KernelCase> cases;
  for (const Axes& a : kAxes) {
    for (const Types& t : kTypes) {
      for (auto kind : {schema::ReduceKind::MEAN, schema::ReduceKind::SUM,
                        schema::ReduceKind::MAXIMUM, schema::ReduceKind::MINIMUM}) {
        schema::ReduceOptionsT options;
        options.kind = kind;
        options.axes = a.axes;
        options.keep_dims = a.keep_dims;
        const char* names[] = {"mean ", "sum ", "max ", "min "};
        cases.push_back(MakeCase(absl::StrCat(names[static_cast<int>(kind)], ToString(a.x),
                                              " from axis ", a.axes[0], ", ", t.name),
                                 std::move(options), {Input(t, a.x, rng)}, {Output(t)}));
      }
    }
  }
  return cases;
}

}  // namespace octet::testing
