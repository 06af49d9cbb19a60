#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"
#include "tools/simplify/constants.h"

namespace octet::importer {
namespace {

// A matrix with rows and columns swapped, in its own type.
Array Transposed(const Array& m) {
  const auto rows = static_cast<size_t>(m.shape[0]);
  const auto columns = static_cast<size_t>(m.shape[1]);
  const size_t size = SizeOf(m.type);
  std::vector<uint8_t> bytes(m.data.size());
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) {
      std::copy_n(m.data.data() + (r * columns + c) * size, size,
                  bytes.data() + (c * rows + r) * size);
    }
  }
  return {m.type, {m.shape[1], m.shape[0]}, Constant::Own(std::move(bytes))};
}

Array Scaled(const Array& a, float factor) {
  if (factor == 1.0f) return a;
  std::vector<double> values = a.doubles();
  for (double& v : values) v *= factor;
  return Array::OfDoubles(a.type, a.shape, values);
}

// A constant matrix b [K, N] (or [N, K] if it is transposed already) as a tensor [N, K], so that
// its output channels are axis 0.
TensorId WeightsOf(OpContext& c, Value& b, bool transposed, float factor) {
  if (transposed && factor == 1.0f) return *c.builder.TensorOf(b, c.input_name(1));
  const Array rows = transposed ? b.arrays[0] : Transposed(b.arrays[0]);
  return c.builder.AddConstant(c.input_name(1), Scaled(rows, factor)).tensor;
}

// y = a * b for a vector b [K]: the last dimension of the product vanishes.
absl::Status ImportMatrixVector(OpContext& c, TensorId a, TensorId b) {
  Steps s(c);
  schema::MatMulOptionsT options;
  options.transpose_b = true;
  const TensorId row = s.Reshape("row", {1, -1}, b);
  const TensorId product = s.Add("product", std::move(options), {a, row});
  if (!s.ok()) return s.status();
  schema::ReshapeOptionsT reshape;
  reshape.shape.assign(s.rank(product) - 1, 0);
  return s.Finish(std::move(reshape), {product});
}

absl::Status ImportMatMul(OpContext& c) {
  absl::StatusOr<TensorId> a = c.Tensor(0);
  if (!a.ok()) return a.status();
  if (!c.has(1)) return absl::InvalidArgumentError("lacks input 1");
  Value& b = c.value(1);
  schema::MatMulOptionsT options;
  if (b.is_constant() && b.rank() == 2 && !c.builder.Computes(b)) {
    options.transpose_b = true;
    return c.Finish(std::move(options), {*a, WeightsOf(c, b, false, 1.0f)});
  }
  absl::StatusOr<TensorId> right = c.Tensor(1);
  if (!right.ok()) return right.status();
  if (b.rank() == 1) return ImportMatrixVector(c, *a, *right);
  return c.Finish(std::move(options), {*a, *right});
}

// Whether a constant of `shape` adds one number per column to a matrix of `columns`.
bool IsRow(const Shape& shape, int64_t columns) {
  const int64_t elements = NumElements(shape);
  const bool last = shape.empty() || shape.back() == elements;
  return last && (elements == 1 || elements == columns);
}

TensorId BiasOf(OpContext& c, const Array& array, int64_t columns, float beta) {
  std::vector<double> values = Scaled(array, beta).doubles();
  if (values.size() == 1) values.resize(static_cast<size_t>(columns), values[0]);
  return c.builder.AddConstant(c.input_name(2), Array::OfDoubles(array.type, {columns}, values))
      .tensor;
}

absl::StatusOr<TensorId> ScaledTensor(OpContext& c, TensorId x, float factor, const char* suffix) {
  if (factor == 1.0f) return x;
  const TensorId by =
      c.Constant(absl::StrCat(suffix, "_factor"),
                 Array::OfDoubles(DataType::kF32, {}, {static_cast<double>(factor)}));
  schema::BinaryOptionsT options;
  options.kind = schema::BinaryKind::MUL;
  absl::StatusOr<Value> scaled = c.Step(suffix, std::move(options), {x, by});
  if (!scaled.ok()) return scaled.status();
  return scaled->tensor;
}

// The product, as the node's result or, when C is added by another node, as an intermediate one.
struct GemmParts {
  schema::MatMulOptionsT options;
  std::vector<TensorId> inputs;
  float alpha_left = 1.0f;  // what is not yet multiplied into the weights
};

// alpha * a * b with the attributes transA and transB.
absl::StatusOr<GemmParts> ReadProduct(OpContext& c) {
  absl::StatusOr<TensorId> a = c.Tensor(0);
  if (!a.ok()) return a.status();
  if (!c.has(1)) return absl::InvalidArgumentError("lacks input 1");
  Value& b = c.value(1);
  GemmParts parts;
  const bool transpose_b = c.attributes.Int("transB", 0) != 0;
  const float alpha = c.attributes.Float("alpha", 1.0f);
  parts.options.transpose_a = c.attributes.Int("transA", 0) != 0;
  if (b.is_constant() && b.rank() == 2 && IsReal(b.type) && !c.builder.Computes(b)) {
    parts.options.transpose_b = true;
    parts.inputs = {*a, WeightsOf(c, b, transpose_b, alpha)};
    return parts;
  }
  absl::StatusOr<TensorId> right = c.Tensor(1);
  if (!right.ok()) return right.status();
  parts.options.transpose_b = transpose_b;
  parts.inputs = {*a, *right};
  parts.alpha_left = alpha;
  return parts;
}

absl::Status ImportGemm(OpContext& c) {
  if (c.has(0) && c.has(1) && (c.value(0).rank() != 2 || c.value(1).rank() != 2)) {
    return absl::InvalidArgumentError(absl::StrCat("multiplies tensors of ", c.value(0).rank(),
                                                   " and ", c.value(1).rank(),
                                                   " dimensions, expected 2"));
  }
  absl::StatusOr<GemmParts> parts = ReadProduct(c);
  if (!parts.ok()) return parts.status();
  const float beta = c.attributes.Float("beta", 1.0f);
  const bool add = c.has(2) && beta != 0.0f;
  const int64_t columns = c.value(1).shape[0][c.attributes.Int("transB", 0) != 0 ? 0 : 1];
  if (!add && parts->alpha_left == 1.0f) {
    return c.Finish(std::move(parts->options), std::move(parts->inputs));
  }
  const bool is_bias = add && beta == 1.0f && c.builder.Computes(c.value(2)) &&
                       c.value(2).shape == Unprobed({columns});
  if (is_bias && parts->alpha_left == 1.0f) {
    parts->inputs.push_back(c.value(2).tensor);
    return c.Finish(std::move(parts->options), std::move(parts->inputs));
  }
  if (add && parts->alpha_left == 1.0f && c.value(2).is_constant() && IsReal(c.value(2).type) &&
      c.value(1).fixed(0) && c.value(1).fixed(1) && IsRow(c.value(2).shape[0], columns)) {
    parts->inputs.push_back(BiasOf(c, c.value(2).arrays[0], columns, beta));
    return c.Finish(std::move(parts->options), std::move(parts->inputs));
  }
  auto product = c.Step("product", std::move(parts->options), std::move(parts->inputs));
  if (!product.ok()) return product.status();
  auto scaled = ScaledTensor(c, product->tensor, parts->alpha_left, "alpha");
  if (!scaled.ok()) return scaled.status();
  schema::BinaryOptionsT sum;
  if (!add) {
    schema::UnaryOptionsT same;
    return c.Finish(std::move(same), {*scaled});
  }
  absl::StatusOr<TensorId> addend = c.Tensor(2);
  if (!addend.ok()) return addend.status();
  addend = ScaledTensor(c, *addend, beta, "beta");
  if (!addend.ok()) return addend.status();
  return c.Finish(std::move(sum), {*scaled, *addend});
}

absl::Status ImportFusedMatMul(OpContext& c) {
  for (const char* attribute : {"transBatchA", "transBatchB"}) {
    if (c.attributes.Int(attribute, 0) == 0) continue;
    return absl::UnimplementedError(
        absl::StrCat("has the attribute ", attribute, "; transA and transB are supported"));
  }
  if (c.has(0) && c.has(1) && (c.value(0).rank() < 2 || c.value(1).rank() < 2)) {
    return absl::UnimplementedError("multiplies a vector; 2 and more dimensions are supported");
  }
  absl::StatusOr<GemmParts> parts = ReadProduct(c);
  if (!parts.ok()) return parts.status();
  if (parts->alpha_left == 1.0f) {
    return c.Finish(std::move(parts->options), std::move(parts->inputs));
  }
  auto product = c.Step("product", std::move(parts->options), std::move(parts->inputs));
  if (!product.ok()) return product.status();
  const TensorId alpha = c.Number("alpha", DataType::kF32, static_cast<double>(parts->alpha_left));
  return c.Finish(Binary(schema::BinaryKind::MUL), {product->tensor, alpha});
}

constexpr OpRow kRows[] = {
    {"Gemm", ImportGemm, 1, ""},
    {"MatMul", ImportMatMul, 1, ""},
};

constexpr OpRow kMicrosoftRows[] = {
    {"FusedMatMul", ImportFusedMatMul, 1, "not transBatchA, transBatchB"},
};

}  // namespace

absl::Span<const OpRow> MatMulOps() { return kRows; }
absl::Span<const OpRow> MicrosoftMatMulOps() { return kMicrosoftRows; }

}  // namespace octet::importer
