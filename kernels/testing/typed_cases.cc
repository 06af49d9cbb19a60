#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

// Elements of every type.

namespace octet::testing {
namespace {

constexpr DataType kF32 = DataType::kF32, kBool = DataType::kBool, kS64 = DataType::kS64;
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

constexpr DataType kIntegers[] = {DataType::kS8,  DataType::kU8,  DataType::kS16, DataType::kU16,
                                  DataType::kS32, DataType::kU32, DataType::kS64, DataType::kU64};
constexpr DataType kEverything[] = {
    DataType::kF32, DataType::kF64, DataType::kF16, DataType::kBF16, DataType::kBool,
    DataType::kS8,  DataType::kU8,  DataType::kS16, DataType::kU16,  DataType::kS32,
    DataType::kU32, DataType::kS64, DataType::kU64};

bool IsSigned(DataType type) {
  return type == DataType::kS8 || type == DataType::kS16 || type == DataType::kS32 ||
         type == DataType::kS64;
}

// Numbers and everything that is not one.
TestTensor AnyFloats(const Shape& shape, Rng& rng) {
  const float special[] = {0, -0.0f, 1, -1, 2.5f, kInf, -kInf, kNan};
  std::vector<float> values(static_cast<size_t>(NumElements(shape)));
  for (float& v : values) v = special[rng() % 8];
  return F32(shape, values);
}

TestTensor Random(DataType type, const Shape& shape, Rng& rng) {
  return type == kF32 ? RandomF32(shape, -3, 3, rng) : RandomWhole(type, shape, rng);
}

struct Pair {
  Shape a, b;
};
const Pair kPairs[] = {{{3, 5, 7}, {3, 5, 7}},
                       {{2, 1, 600}, {4, 1}},
                       {{}, {2, 3, 4, 5}},
                       {{1, 6, 1, 5}, {2, 6, 4, 1}}};

std::string NameOf(const std::string& what, DataType type, const Pair& p) {
  return absl::StrCat(what, " ", std::string(Name(type)), " ", ToString(p.a), " and ",
                      ToString(p.b));
}

TestTensor SecondOperand(schema::BinaryKind kind, DataType type, const Shape& shape, Rng& rng) {
  using Kind = schema::BinaryKind;
  const auto width = static_cast<int64_t>(8 * SizeOf(type));
  if (kind == Kind::SHIFT_LEFT || kind == Kind::SHIFT_RIGHT) {
    return RandomWhole(type, shape, IsSigned(type) ? -1 : 0, width + 1, rng);
  }
  if (kind == Kind::POW) return RandomWhole(type, shape, IsSigned(type) ? -3 : 0, 9, rng);
  return RandomWhole(type, shape, rng);
}

void AddComparisons(std::vector<KernelCase>& cases, Rng& rng) {
  for (const Pair& p : kPairs) {
    for (auto kind :
         {schema::BinaryKind::EQUAL, schema::BinaryKind::LESS, schema::BinaryKind::LESS_EQUAL,
          schema::BinaryKind::GREATER, schema::BinaryKind::GREATER_EQUAL}) {
      schema::BinaryOptionsT options;
      options.kind = kind;
      cases.push_back(MakeCase(NameOf(schema::EnumNameBinaryKind(kind), kF32, p), options,
                               {AnyFloats(p.a, rng), AnyFloats(p.b, rng)}, {OutputLike(kBool)}));
    }
    for (auto kind : {schema::BinaryKind::AND, schema::BinaryKind::OR, schema::BinaryKind::XOR,
                      schema::BinaryKind::EQUAL}) {
      schema::BinaryOptionsT options;
      options.kind = kind;
      cases.push_back(MakeCase(NameOf(schema::EnumNameBinaryKind(kind), kBool, p), options,
                               {Random(kBool, p.a, rng), Random(kBool, p.b, rng)},
                               {OutputLike(kBool)}));
    }
    for (auto kind :
         {schema::BinaryKind::MOD, schema::BinaryKind::FMOD, schema::BinaryKind::PRELU}) {
      schema::BinaryOptionsT options;
      options.kind = kind;
      cases.push_back(MakeCase(NameOf(schema::EnumNameBinaryKind(kind), kF32, p), options,
                               {RandomF32(p.a, -9, 9, rng), RandomF32(p.b, -3, 3, rng)},
                               {OutputLike(kF32)}));
    }
  }
}

void AddMixedPowers(std::vector<KernelCase>& cases, Rng& rng) {
  schema::BinaryOptionsT options;
  options.kind = schema::BinaryKind::POW;
  const Pair& p = kPairs[1];
  for (DataType type : {DataType::kS32, DataType::kS64, DataType::kU8}) {
    cases.push_back(MakeCase(NameOf("f32 to the power of", type, p), options,
                             {RandomF32(p.a, 0.5f, 2, rng), RandomWhole(type, p.b, 0, 5, rng)},
                             {OutputLike(kF32)}));
    cases.push_back(MakeCase(NameOf("power by f32 of", type, p), options,
                             {RandomWhole(type, p.a, 0, 9, rng), RandomF32(p.b, -1, 2.5f, rng)},
                             {OutputLike(type)}));
    cases.push_back(
        MakeCase(NameOf("power by s16 of", type, p), options,
                 {RandomWhole(type, p.a, 0, 9, rng), RandomWhole(DataType::kS16, p.b, -2, 7, rng)},
                 {OutputLike(type)}));
  }
}

}  // namespace

std::vector<KernelCase> TypedBinaryCases() {
  Rng rng(20);
  std::vector<KernelCase> cases;
  for (DataType type : kIntegers) {
    for (int k = 0; k <= static_cast<int>(schema::BinaryKind::GREATER_EQUAL); ++k) {
      schema::BinaryOptionsT options;
      options.kind = static_cast<schema::BinaryKind>(k);
      if (options.kind >= schema::BinaryKind::AND && options.kind <= schema::BinaryKind::XOR) {
        continue;
      }
      const bool compares = options.kind >= schema::BinaryKind::EQUAL;
      const Pair& p = kPairs[k % 4];
      cases.push_back(
          MakeCase(NameOf(schema::EnumNameBinaryKind(options.kind), type, p), options,
                   {Random(type, p.a, rng), SecondOperand(options.kind, type, p.b, rng)},
                   {OutputLike(compares ? kBool : type)}));
    }
  }
  AddComparisons(cases, rng);
  AddMixedPowers(cases, rng);
  return cases;
}

std::vector<KernelCase> TypedUnaryCases() {
  using Kind = schema::UnaryKind;
  Rng rng(21);
  std::vector<KernelCase> cases;
  const Shape shape = {2, 3, 5, 70};
  const auto add = [&](Kind kind, float alpha, float beta, const TestTensor& x, DataType y) {
    schema::UnaryOptionsT options;
    options.kind = kind;
    options.alpha = alpha;
    options.beta = beta;
    cases.push_back(
        MakeCase(absl::StrCat(schema::EnumNameUnaryKind(kind), " of ", std::string(Name(x.type))),
                 options, {x}, {OutputLike(y)}));
  };
  for (DataType type : kIntegers) {
    for (Kind kind : {Kind::IDENTITY, Kind::ABS, Kind::NEG, Kind::SIGN, Kind::BIT_NOT}) {
      add(kind, 0, 0, Random(type, shape, rng), type);
    }
    add(Kind::CLIP, -2.5f, 100, Random(type, shape, rng), type);
    add(Kind::CLIP, -kInf, kInf, Random(type, shape, rng), type);
    add(Kind::CLIP, 3, 1e12f, Random(type, shape, rng), type);
  }
  add(Kind::IDENTITY, 0, 0, Random(kBool, shape, rng), kBool);
  add(Kind::NOT, 0, 0, Random(kBool, shape, rng), kBool);
  add(Kind::IS_NAN, 0, 0, AnyFloats(shape, rng), kBool);
  add(Kind::IS_INF, 1, 1, AnyFloats(shape, rng), kBool);
  add(Kind::IS_INF, 1, 0, AnyFloats(shape, rng), kBool);
  add(Kind::IS_INF, 0, 1, AnyFloats(shape, rng), kBool);
  return cases;
}

std::vector<KernelCase> CastCases() {
  Rng rng(22);
  std::vector<KernelCase> cases;
  for (DataType from : kEverything) {
    for (DataType to : kEverything) {
      std::vector<double> values = {0, -0.0, 1, 2.5, -1, 127, 255, 256, 65504, 1e6};
      for (int i = 0; i < 110; ++i) values.push_back(static_cast<double>(rng() % 1000) / 7 - 70);
      const std::string name = absl::StrCat(std::string(Name(from)), " to ", std::string(Name(to)));
      cases.push_back(MakeCase(name, schema::CastOptionsT(), {Values(from, {2, 3, 4, 5}, values)},
                               {OutputLike(to)}));
    }
  }
  cases.push_back(MakeCase("large f32 to s64", schema::CastOptionsT(),
                           {RandomF32({1, 64, 50, 40}, -1e6f, 1e6f, rng)}, {OutputLike(kS64)}));
  return cases;
}

std::vector<KernelCase> WhereCases() {
  Rng rng(23);
  struct Triple {
    Shape condition, a, b;
  };
  const Triple triples[] = {{{2, 3, 4, 5}, {2, 3, 4, 5}, {2, 3, 4, 5}},
                            {{4, 600}, {}, {4, 600}},
                            {{4, 600}, {4, 600}, {1}},
                            {{4, 600}, {}, {1}},
                            {{4, 1}, {1, 600}, {4, 600}},
                            {{1, 1, 7, 1}, {2, 5, 1, 1}, {9}},
                            {{2, 1, 30, 30}, {1, 12, 30, 30}, {}},
                            {{}, {3}, {3}},
                            {{0, 3}, {1, 3}, {3}}};
  std::vector<KernelCase> cases;
  for (const Triple& t : triples) {
    for (DataType type : {kF32, kBool, DataType::kS64, DataType::kS16, DataType::kU32}) {
      cases.push_back(MakeCase(
          absl::StrCat("where ", ToString(t.condition), " ", std::string(Name(type))),
          schema::WhereOptionsT(),
          {Random(kBool, t.condition, rng), Random(type, t.a, rng), Random(type, t.b, rng)},
          {OutputLike(type)}));
    }
    cases.push_back(MakeCase(
        absl::StrCat("where ", ToString(t.condition), " u8 rescaled"), schema::WhereOptionsT(),
        {Random(kBool, t.condition, rng), Quantized(DataType::kU8, t.a, 0.1f, 3, rng),
         Quantized(DataType::kS8, t.b, 0.2f, 0, rng)},
        {OutputLike(DataType::kU8, 0.15f, 10)}));
  }
  return cases;
}

std::vector<KernelCase> TypedReduceCases() {
  Rng rng(24);
  struct Axes {
    Shape x;
    std::vector<int32_t> axes;
    bool keep_dims;
  };
  const Axes kAxes[] = {{{2, 17, 5, 6}, {2, 3}, true}, {{2, 33, 4, 4}, {1}, true},
                        {{6, 100}, {1}, true},         {{6, 300}, {0}, false},
                        {{3, 4, 50}, {1}, true},       {{2, 3, 4, 5}, {0, 2}, true},
                        {{2, 3, 4, 5}, {}, true},      {{2, 3}, {}, false},
                        {{4, 0, 5}, {1}, true},        {{0}, {0}, false},
                        {{4, 64, 20, 20}, {1}, false}, {{2, 3, 4, 5}, {0, 1, 2, 3}, false}};
  std::vector<KernelCase> cases;
  for (const Axes& a : kAxes) {
    for (auto kind : schema::EnumValuesReduceKind()) {
      schema::ReduceOptionsT options;
      options.kind = kind;
      options.axes = a.axes;
      options.keep_dims = a.keep_dims;
      options.empty_is_none = true;
      const std::string name = absl::StrCat(schema::EnumNameReduceKind(kind), " ", ToString(a.x),
                                            " of ", a.axes.size(), " axes, ");
      const auto add = [&](DataType type, const TestTensor& x) {
        cases.push_back(MakeCase(name + std::string(Name(type)), options, {x}, {OutputLike(type)}));
      };
      for (DataType type : kIntegers) add(type, Random(type, a.x, rng));
      const bool extreme =
          kind == schema::ReduceKind::MAXIMUM || kind == schema::ReduceKind::MINIMUM;
      if (extreme) add(kBool, Random(kBool, a.x, rng));
      add(kF32, RandomF32(a.x, 0.5f, 1.5f, rng));
    }
  }
  return cases;
}

namespace {

struct LineCase {
  Shape x;
  int axis;
};
const LineCase kLines[] = {
    {{7}, 0},           {{3, 40}, 1},       {{40, 3}, 0},         {{2, 5, 6, 70}, 1},
    {{2, 5, 6, 70}, 2}, {{2, 5, 6, 70}, 3}, {{1, 21, 60, 50}, 1}, {{4, 3000}, 1}};

// With many equal numbers.
TestTensor Repeating(DataType type, const Shape& shape, Rng& rng) {
  if (type == kF32) {
    std::vector<float> values(static_cast<size_t>(NumElements(shape)));
    for (float& v : values) v = rng() % 97 == 0 ? kNan : static_cast<float>(rng() % 19) / 4 - 2;
    return F32(shape, values);
  }
  return RandomWhole(type, shape, IsSigned(type) ? -9 : 0, 9, rng);
}

}  // namespace

std::vector<KernelCase> ArgCases() {
  Rng rng(25);
  std::vector<KernelCase> cases;
  for (const LineCase& line : kLines) {
    for (int variant = 0; variant < 8; ++variant) {
      schema::ArgOptionsT options;
      options.axis = line.axis;
      options.kind = (variant & 1) != 0 ? schema::ArgKind::MINIMUM : schema::ArgKind::MAXIMUM;
      options.last = (variant & 2) != 0;
      options.keep_dims = (variant & 4) != 0;
      for (DataType type : {kF32, DataType::kU8, kS64}) {
        cases.push_back(MakeCase(absl::StrCat("arg ", ToString(line.x), " axis ", line.axis, " ",
                                              std::string(Name(type)), " variant ", variant),
                                 options, {Repeating(type, line.x, rng)}, {OutputLike(kS64)}));
      }
    }
    schema::ArgOptionsT options;
    options.axis = line.axis;
    cases.push_back(MakeCase("arg of quantized", options,
                             {Quantized(DataType::kS8, line.x, 0.1f, 3, rng)}, {OutputLike(kS64)}));
  }
  return cases;
}

std::vector<KernelCase> TopKCases() {
  Rng rng(26);
  std::vector<KernelCase> cases;
  for (const LineCase& line : kLines) {
    const int64_t size = line.x[static_cast<size_t>(line.axis)];
    for (const int64_t k : {int64_t{0}, int64_t{1}, size / 3, size}) {
      for (DataType type : {kF32, DataType::kU8, kS64}) {
        schema::TopKOptionsT options;
        options.axis = line.axis;
        options.k = k;
        options.largest = k % 2 == 0;
        cases.push_back(MakeCase(absl::StrCat("top ", k, " of ", ToString(line.x), " axis ",
                                              line.axis, " ", std::string(Name(type))),
                                 options, {Repeating(type, line.x, rng)},
                                 {OutputLike(type), OutputLike(kS64)}));
      }
    }
  }
  return cases;
}

std::vector<KernelCase> CumulateCases() {
  Rng rng(27);
  std::vector<KernelCase> cases;
  for (const LineCase& line : kLines) {
    for (int variant = 0; variant < 8; ++variant) {
      schema::CumulateOptionsT options;
      options.axis = line.axis;
      options.kind = (variant & 1) != 0 ? schema::CumulateKind::PRODUCT : schema::CumulateKind::SUM;
      options.exclusive = (variant & 2) != 0;
      options.reverse = (variant & 4) != 0;
      for (DataType type : {kF32, DataType::kS32, DataType::kU8}) {
        cases.push_back(MakeCase(absl::StrCat("cumulate ", ToString(line.x), " axis ", line.axis,
                                              " ", std::string(Name(type)), " variant ", variant),
                                 options, {Random(type, line.x, rng)}, {OutputLike(type)}));
      }
    }
  }
  return cases;
}

std::vector<KernelCase> RangeCases() {
  std::vector<KernelCase> cases;
  for (DataType type : {kF32, DataType::kS32, kS64, DataType::kU8, DataType::kS16}) {
    for (const double delta : {1.0, 3.0, -2.0}) {
      schema::RangeOptionsT options;
      options.start = delta < 0 ? 60 : 5;
      options.limit = delta < 0 ? 0 : 61;
      options.delta = delta;
      cases.push_back(MakeCase(absl::StrCat("range by ", delta, " ", std::string(Name(type))),
                               options, {}, {OutputLike(type)}));
    }
  }
  return cases;
}

std::vector<KernelCase> OneHotCases() {
  Rng rng(28);
  std::vector<KernelCase> cases;
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{2, 3}, Shape{3, 4, 50}}) {
    for (int axis = 0; axis <= static_cast<int>(shape.size()); ++axis) {
      for (DataType type : {kF32, DataType::kU8, kBool, kS64}) {
        schema::OneHotOptionsT options;
        options.axis = axis;
        options.depth = 6;
        const TestTensor indices =
            axis % 2 == 0 ? RandomWhole(kS64, shape, -8, 8, rng) : RandomF32(shape, -8, 8, rng);
        cases.push_back(MakeCase(
            absl::StrCat("one hot ", ToString(shape), " axis ", axis, " ", std::string(Name(type))),
            options, {indices, Values(type, {2}, {0, 1})}, {OutputLike(type)}));
      }
    }
  }
  return cases;
}

std::vector<KernelCase> TriluCases() {
  Rng rng(29);
  std::vector<KernelCase> cases;
  for (const Shape& shape : {Shape{4, 5}, Shape{2, 3, 5, 4}, Shape{2, 0, 3}, Shape{128, 300}}) {
    for (const int64_t k : {int64_t{0}, int64_t{2}, int64_t{-1}, int64_t{1} << 40,
                            std::numeric_limits<int64_t>::min()}) {
      for (DataType type : {kF32, kBool, kS64}) {
        for (const bool upper : {true, false}) {
          schema::TriluOptionsT options;
          options.k = k;
          options.upper = upper;
          cases.push_back(MakeCase(
              absl::StrCat("triangle ", ToString(shape), " k ", k, " ", std::string(Name(type))),
              options, {Random(type, shape, rng)}, {OutputLike(type)}));
        }
      }
    }
  }
  return cases;
}

std::vector<KernelCase> TypedMatMulCases() {
  Rng rng(30);
  struct Product {
    Shape a, b, bias;
    bool transpose_a, transpose_b;
  };
  const Product products[] = {{{3, 4}, {4, 5}, {}, false, false},
                              {{2, 3, 7, 33}, {3, 33, 9}, {9}, false, false},
                              {{2, 6, 5}, {2, 4, 6}, {}, true, true},
                              {{40}, {40, 70}, {}, false, false},
                              {{70, 130}, {90, 130}, {90}, false, true}};
  std::vector<KernelCase> cases;
  for (const Product& p : products) {
    for (DataType type : kIntegers) {
      schema::MatMulOptionsT options;
      options.transpose_a = p.transpose_a;
      options.transpose_b = p.transpose_b;
      std::vector<TestTensor> inputs = {Random(type, p.a, rng), Random(type, p.b, rng)};
      if (!p.bias.empty()) inputs.push_back(Random(type, p.bias, rng));
      cases.push_back(MakeCase(
          absl::StrCat(ToString(p.a), " times ", ToString(p.b), " ", std::string(Name(type))),
          options, std::move(inputs), {OutputLike(type)}));
    }
  }
  return cases;
}

std::vector<KernelCase> EinsumCases() {
  Rng rng(31);
  struct Equation {
    const char* text;
    std::vector<Shape> shapes;
  };
  const Equation equations[] = {
      {"ij,jk->ik", {{3, 4}, {4, 5}}},
      {"bhqd,bhkd->bhqk", {{2, 3, 9, 8}, {2, 3, 7, 8}}},
      {"bhqk,bkhd->bqhd", {{2, 3, 9, 7}, {2, 7, 3, 8}}},
      {"...ij,...jk->...ik", {{2, 1, 3, 4}, {5, 4, 2}}},
      {"ij->ji", {{3, 4}}},
      {"ii->i", {{4, 4}}},
      {"ii", {{4, 4}}},
      {"ij->", {{4, 3}}},
      {"i,j->ij", {{4}, {3}}},
      {"ij,kj", {{2, 3}, {4, 3}}},
      {"ij,i,j->", {{4, 3}, {4}, {3}}},
      {"abc,cd,def->abef", {{2, 3, 4}, {4, 5}, {5, 2, 3}}},
      {"bij,bjk->bik", {{1, 3, 4}, {6, 4, 5}}},
      {"ij,ij->i", {{30, 40}, {30, 40}}},
      {"bnd,hd->bhn", {{2, 33, 40}, {70, 40}}},
      {"ij,jk->ik", {{3, 0}, {0, 5}}},
  };
  std::vector<KernelCase> cases;
  for (const Equation& e : equations) {
    for (DataType type : {kF32, DataType::kS32, kS64}) {
      schema::EinsumOptionsT options;
      options.equation = e.text;
      std::vector<TestTensor> inputs;
      for (const Shape& shape : e.shapes) inputs.push_back(Random(type, shape, rng));
      cases.push_back(MakeCase(absl::StrCat(e.text, " ", std::string(Name(type))), options,
                               std::move(inputs), {OutputLike(type)}));
    }
  }
  return cases;
}

}  // namespace octet::testing
