#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/infer_rules.h"
#include "tools/import/fold.h"
#include "tools/simplify/constants.h"

// Add, Sqrt, Equal, Where, Cast, ...: operators whose elements do not meet each other.

namespace octet::importer {
namespace {

using IntBinary = int64_t (*)(int64_t, int64_t);
using DoubleBinary = double (*)(double, double);

struct BinaryRow {
  const char* op;
  IntBinary on_ints;
  DoubleBinary on_doubles;
  bool gives_bool;
};

// Integers wrap, as they do in ONNX; division by zero gives 0 instead of a trap.
int64_t Wrap(uint64_t v) { return static_cast<int64_t>(v); }
uint64_t Bits(int64_t v) { return static_cast<uint64_t>(v); }
int64_t Divide(int64_t a, int64_t b) {
  if (b == 0) return 0;
  return b == -1 ? Wrap(0 - Bits(a)) : a / b;
}
int64_t Modulo(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  const int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
int64_t Power(int64_t a, int64_t b) {
  return FromDoubles(DataType::kS64, {std::pow(static_cast<double>(a), static_cast<double>(b))})
      .as<int64_t>()[0];
}

constexpr BinaryRow kBinary[] = {
    {"Add", [](int64_t a, int64_t b) { return Wrap(Bits(a) + Bits(b)); },
     [](double a, double b) { return a + b; }, false},
    {"Sub", [](int64_t a, int64_t b) { return Wrap(Bits(a) - Bits(b)); },
     [](double a, double b) { return a - b; }, false},
    {"Mul", [](int64_t a, int64_t b) { return Wrap(Bits(a) * Bits(b)); },
     [](double a, double b) { return a * b; }, false},
    {"Div", Divide, [](double a, double b) { return a / b; }, false},
    {"Mod", Modulo, [](double a, double b) { return std::fmod(a, b); }, false},
    {"Pow", Power, [](double a, double b) { return std::pow(a, b); }, false},
    {"Min", [](int64_t a, int64_t b) { return std::min(a, b); },
     [](double a, double b) { return std::min(a, b); }, false},
    {"Max", [](int64_t a, int64_t b) { return std::max(a, b); },
     [](double a, double b) { return std::max(a, b); }, false},
    {"Equal", [](int64_t a, int64_t b) -> int64_t { return a == b; },
     [](double a, double b) -> double { return a == b; }, true},
    {"Less", [](int64_t a, int64_t b) -> int64_t { return a < b; },
     [](double a, double b) -> double { return a < b; }, true},
    {"LessOrEqual", [](int64_t a, int64_t b) -> int64_t { return a <= b; },
     [](double a, double b) -> double { return a <= b; }, true},
    {"Greater", [](int64_t a, int64_t b) -> int64_t { return a > b; },
     [](double a, double b) -> double { return a > b; }, true},
    {"GreaterOrEqual", [](int64_t a, int64_t b) -> int64_t { return a >= b; },
     [](double a, double b) -> double { return a >= b; }, true},
    {"And", [](int64_t a, int64_t b) -> int64_t { return a && b; }, nullptr, true},
    {"Or", [](int64_t a, int64_t b) -> int64_t { return a || b; }, nullptr, true},
};

template <typename T>
std::vector<T> Apply(T (*function)(T, T), const std::vector<T>& a, const std::vector<T>& b,
                     const Shape& shape_a, const Shape& shape_b, const Shape& shape) {
  const std::vector<int64_t> at_a = BroadcastIndices(shape_a, shape);
  const std::vector<int64_t> at_b = BroadcastIndices(shape_b, shape);
  std::vector<T> result(at_a.size());
  for (size_t i = 0; i < result.size(); ++i) {
    result[i] = function(a[static_cast<size_t>(at_a[i])], b[static_cast<size_t>(at_b[i])]);
  }
  return result;
}

absl::StatusOr<Array> FoldPair(const FoldContext& c, const BinaryRow& row, const Array& a,
                               const Array& b) {
  absl::StatusOr<Shape> shape = infer::Broadcast(a.shape, b.shape);
  if (!shape.ok()) return shape.status();
  if (CheckedElements(*shape) > c.limit || CheckedElements(*shape) < 0) {
    return absl::UnimplementedError(absl::StrCat("makes a constant of ", ToString(*shape)));
  }
  if (IsReal(a.type) || IsReal(b.type)) {
    if (row.on_doubles == nullptr) return absl::InvalidArgumentError("needs bool inputs");
    const auto values = Apply(row.on_doubles, a.doubles(), b.doubles(), a.shape, b.shape, *shape);
    return Array::OfDoubles(row.gives_bool ? DataType::kBool : a.type, *shape, values);
  }
  const auto values = Apply(row.on_ints, a.ints(), b.ints(), a.shape, b.shape, *shape);
  return Array::OfInts(row.gives_bool ? DataType::kBool : a.type, *shape, values);
}

// Min, Max and Sum take any number of inputs; the others have two.
Folded FoldBinary(FoldContext& c) {
  const std::string op = c.node.op_type() == "Sum" ? "Add" : c.node.op_type();
  const BinaryRow* row = std::find_if(std::begin(kBinary), std::end(kBinary),
                                      [&](const BinaryRow& r) { return op == r.op; });
  c.attributes.Ignore("fmod");
  if (c.input(0) == nullptr) return absl::InvalidArgumentError("has no inputs");
  Array result = *c.input(0);
  for (size_t i = 1; i < c.inputs.size(); ++i) {
    if (c.input(i) == nullptr) return absl::InvalidArgumentError("lacks an input");
    absl::StatusOr<Array> next = FoldPair(c, *row, result, *c.input(i));
    if (!next.ok()) return next.status();
    result = *std::move(next);
  }
  return std::vector<Array>{std::move(result)};
}

struct UnaryRow {
  const char* op;
  double (*function)(double);
};

constexpr UnaryRow kUnary[] = {
    {"Neg", [](double x) { return -x; }},
    {"Abs", [](double x) { return std::fabs(x); }},
    {"Floor", [](double x) { return std::floor(x); }},
    {"Ceil", [](double x) { return std::ceil(x); }},
    {"Round", [](double x) { return std::nearbyint(x); }},
    {"Sqrt", [](double x) { return std::sqrt(x); }},
    {"Exp", [](double x) { return std::exp(x); }},
    {"Log", [](double x) { return std::log(x); }},
    {"Reciprocal", [](double x) { return 1 / x; }},
    {"Relu", [](double x) { return std::max(x, 0.0); }},
};

Folded FoldUnary(FoldContext& c) {
  if (c.input(0) == nullptr) return absl::InvalidArgumentError("has no input");
  const Array& x = *c.input(0);
  if (!IsReal(x.type)) {
    // Of these, integers have Neg, Abs and Relu.
    std::vector<int64_t> values = x.ints();
    for (int64_t& v : values) {
      if (c.node.op_type() == "Neg" || (c.node.op_type() == "Abs" && v < 0)) v = Wrap(0 - Bits(v));
      if (c.node.op_type() == "Relu") v = std::max<int64_t>(v, 0);
    }
    return std::vector<Array>{Array::OfInts(x.type, x.shape, values)};
  }
  for (const UnaryRow& row : kUnary) {
    if (c.node.op_type() != row.op) continue;
    std::vector<double> values = x.doubles();
    for (double& v : values) v = row.function(v);
    return std::vector<Array>{Array::OfDoubles(x.type, x.shape, values)};
  }
  return absl::UnimplementedError("cannot be evaluated");
}

Folded FoldNot(FoldContext& c) {
  if (c.input(0) == nullptr) return absl::InvalidArgumentError("has no input");
  std::vector<int64_t> values = c.input(0)->ints();
  for (int64_t& v : values) v = !v;
  return std::vector<Array>{Array::OfInts(DataType::kBool, c.input(0)->shape, values)};
}

Folded FoldCast(FoldContext& c) {
  if (c.input(0) == nullptr) return absl::InvalidArgumentError("has no input");
  const Array& x = *c.input(0);
  c.attributes.Ignore("saturate");
  const auto to = static_cast<int>(c.attributes.Int("to", 0));
  const DataType type = TypeOfOnnx(to);
  if (type == DataType::kUnknown) {
    return absl::UnimplementedError(absl::StrCat("casts to ", NameOfOnnxType(to)));
  }
  // Constants keep the type they are stored in: casts between floats are exact or lose digits that
  // the network does not need.
  if (type == x.type || (IsReal(type) && IsReal(x.type))) return std::vector<Array>{x};
  if (IsReal(x.type)) return std::vector<Array>{Array::OfDoubles(type, x.shape, x.doubles())};
  return std::vector<Array>{Array::OfInts(type, x.shape, x.ints())};
}

Folded FoldWhere(FoldContext& c) {
  if (!c.input(0) || !c.input(1) || !c.input(2)) {
    return absl::InvalidArgumentError("lacks an input");
  }
  const Array& a = *c.input(1);
  const Array& b = *c.input(2);
  absl::StatusOr<Shape> shape = infer::Broadcast(a.shape, b.shape);
  if (shape.ok()) shape = infer::Broadcast(*shape, c.input(0)->shape);
  if (!shape.ok()) return shape.status();
  if (CheckedElements(*shape) > c.limit || CheckedElements(*shape) < 0) {
    return absl::UnimplementedError(absl::StrCat("makes a constant of ", ToString(*shape)));
  }
  const std::vector<int64_t> condition = c.input(0)->ints();
  const auto at = BroadcastIndices(c.input(0)->shape, *shape);
  const auto at_a = BroadcastIndices(a.shape, *shape);
  const auto at_b = BroadcastIndices(b.shape, *shape);
  const auto pick = [&](const auto& from_a, const auto& from_b) {
    auto result = from_a;
    result.resize(at.size());
    for (size_t i = 0; i < at.size(); ++i) {
      result[i] = condition[static_cast<size_t>(at[i])] ? from_a[static_cast<size_t>(at_a[i])]
                                                        : from_b[static_cast<size_t>(at_b[i])];
    }
    return result;
  };
  if (IsReal(a.type)) {
    return std::vector<Array>{Array::OfDoubles(a.type, *shape, pick(a.doubles(), b.doubles()))};
  }
  return std::vector<Array>{Array::OfInts(a.type, *shape, pick(a.ints(), b.ints()))};
}

}  // namespace

FoldFunction FindElementwiseFold(const std::string& op_type) {
  if (op_type == "Sum") return FoldBinary;
  if (op_type == "Not") return FoldNot;
  if (op_type == "Cast") return FoldCast;
  if (op_type == "Where") return FoldWhere;
  for (const BinaryRow& row : kBinary) {
    if (op_type == row.op) return FoldBinary;
  }
  for (const UnaryRow& row : kUnary) {
    if (op_type == row.op) return FoldUnary;
  }
  return nullptr;
}

}  // namespace octet::importer
