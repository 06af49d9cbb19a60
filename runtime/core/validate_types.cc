#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "runtime/core/integer_types.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate_rules.h"

// Which types of operands an operator takes.

namespace octet::validate {
namespace {

// What an operand is, as the letters of the table below.
bool Matches(char kind, const Tensor& t) {
  switch (kind) {
    case 'r':  // real numbers
      return !t.quant &&
             (t.type == DataType::kF32 || t.type == DataType::kF16 || t.type == DataType::kBF16);
    case 'q':  // quantized to 8 or 16 bits, one scale
      return Matches('e', t) || Matches('x', t);
    case 'e':  // to 8 bits
      return t.quant && t.quant->per_tensor() &&
             (t.type == DataType::kU8 || t.type == DataType::kS8);
    case 'x':  // to 16 bits
      return t.quant && t.quant->per_tensor() && t.type == DataType::kS16;
    case 'w':  // weights, one scale or one per output channel
      return t.quant && t.is_constant() && t.type == DataType::kS8;
    case 'W':  // those of 16-bit activations
      return t.quant && t.is_constant() && (t.type == DataType::kS8 || t.type == DataType::kS16);
    case 'b':  // bias
      return t.quant && t.is_constant() && t.type == DataType::kS32;
    case 'B':  // that of 16-bit activations
      return t.quant && t.is_constant() && (t.type == DataType::kS32 || t.type == DataType::kS64);
    case 'c':  // any quantized constant
      return t.quant && t.is_constant();
    case 'i':  // integers that stand for themselves; all 'i', 'm' and 'h' operands have one type
    case 'I':  // the same, of any type
      return !t.quant && IsInteger(t.type);
    case 'm':  // integers that stand for themselves, or booleans
      return !t.quant && (IsInteger(t.type) || t.type == DataType::kBool);
    case 's':  // indices and sizes
      return !t.quant && (t.type == DataType::kS32 || t.type == DataType::kS64);
    case 'S':
      return !t.quant && t.type == DataType::kS64;
    case 'l':  // booleans
      return !t.quant && t.type == DataType::kBool;
    case 'n':  // any numbers
      return !t.quant && t.type != DataType::kBool;
    case 'a':  // anything but quantized numbers
      return !t.quant;
    case 'A':
      return true;
    default:
      return false;
  }
}

bool MustBeAlike(char kind) { return kind == 'i' || kind == 'm'; }

struct Signature {
  OpType type;
  const char* inputs;   // by position; the last letter stands for all further ones
  const char* outputs;  // likewise
};

// The legal combinations of types.
constexpr Signature kSignatures[] = {
    {OpType::ConvOptions, "rrrr", "r"},
    {OpType::ConvOptions, "rwrr", "r"},
    {OpType::ConvOptions, "ewbq", "q"},
    {OpType::ConvOptions, "ewbr", "r"},
    {OpType::ConvOptions, "xWBq", "q"},
    {OpType::ConvOptions, "xWBr", "r"},
    {OpType::MatMulOptions, "rrrr", "r"},
    {OpType::MatMulOptions, "rwrr", "r"},
    {OpType::MatMulOptions, "ewbq", "q"},
    {OpType::MatMulOptions, "ewbr", "r"},
    {OpType::MatMulOptions, "xWBq", "q"},
    {OpType::MatMulOptions, "xWBr", "r"},
    {OpType::MatMulOptions, "ii", "i"},
    {OpType::PoolOptions, "r", "r"},
    {OpType::PoolOptions, "q", "q"},
    {OpType::GlobalPoolOptions, "r", "r"},
    {OpType::GlobalPoolOptions, "q", "q"},
    {OpType::GlobalPoolOptions, "q", "r"},
    {OpType::BinaryOptions, "rr", "r"},
    {OpType::BinaryOptions, "qq", "q"},
    {OpType::BinaryOptions, "ii", "i"},
    {OpType::BinaryOptions, "iI", "i"},  // POW
    {OpType::BinaryOptions, "rI", "r"},  // POW
    {OpType::BinaryOptions, "ir", "i"},  // POW
    {OpType::BinaryOptions, "rr", "l"},
    {OpType::BinaryOptions, "ii", "l"},
    {OpType::BinaryOptions, "ll", "l"},
    {OpType::UnaryOptions, "r", "r"},
    {OpType::UnaryOptions, "q", "q"},
    {OpType::UnaryOptions, "m", "m"},
    {OpType::UnaryOptions, "r", "l"},
    {OpType::ConcatOptions, "r", "r"},
    {OpType::ConcatOptions, "q", "q"},
    {OpType::ConcatOptions, "m", "m"},
    {OpType::SplitOptions, "rs", "r"},
    {OpType::SplitOptions, "qs", "q"},
    {OpType::SplitOptions, "ms", "m"},
    {OpType::ReshapeOptions, "rs", "r"},
    {OpType::ReshapeOptions, "qs", "q"},
    {OpType::ReshapeOptions, "ms", "m"},
    {OpType::TransposeOptions, "r", "r"},
    {OpType::TransposeOptions, "q", "q"},
    {OpType::TransposeOptions, "m", "m"},
    {OpType::SoftmaxOptions, "r", "r"},
    {OpType::SoftmaxOptions, "q", "q"},
    {OpType::PadOptions, "rsr", "r"},
    {OpType::PadOptions, "qs", "q"},
    {OpType::PadOptions, "msm", "m"},
    {OpType::ReduceOptions, "rs", "r"},
    {OpType::ReduceOptions, "qs", "q"},
    {OpType::ReduceOptions, "qs", "r"},
    {OpType::ReduceOptions, "ms", "m"},
    {OpType::QuantizeOptions, "r", "q"},
    {OpType::DequantizeOptions, "q", "r"},
    {OpType::DequantizeOptions, "c", "r"},
    {OpType::RequantizeOptions, "q", "q"},
    {OpType::CastOptions, "A", "A"},
    {OpType::WhereOptions, "lrr", "r"},
    {OpType::WhereOptions, "lqq", "q"},
    {OpType::WhereOptions, "lmm", "m"},
    {OpType::SliceOptions, "rssss", "r"},
    {OpType::SliceOptions, "qssss", "q"},
    {OpType::SliceOptions, "mssss", "m"},
    {OpType::GatherOptions, "rs", "r"},
    {OpType::GatherOptions, "qs", "q"},
    {OpType::GatherOptions, "ms", "m"},
    {OpType::GatherElementsOptions, "rs", "r"},
    {OpType::GatherElementsOptions, "qs", "q"},
    {OpType::GatherElementsOptions, "ms", "m"},
    {OpType::GatherNDOptions, "rs", "r"},
    {OpType::GatherNDOptions, "qs", "q"},
    {OpType::GatherNDOptions, "ms", "m"},
    {OpType::ScatterElementsOptions, "rsr", "r"},
    {OpType::ScatterElementsOptions, "qsq", "q"},
    {OpType::ScatterElementsOptions, "msm", "m"},
    {OpType::ScatterNDOptions, "rsr", "r"},
    {OpType::ScatterNDOptions, "qsq", "q"},
    {OpType::ScatterNDOptions, "msm", "m"},
    {OpType::ExpandOptions, "rs", "r"},
    {OpType::ExpandOptions, "qs", "q"},
    {OpType::ExpandOptions, "ms", "m"},
    {OpType::TileOptions, "rs", "r"},
    {OpType::TileOptions, "qs", "q"},
    {OpType::TileOptions, "ms", "m"},
    {OpType::DepthToSpaceOptions, "r", "r"},
    {OpType::DepthToSpaceOptions, "q", "q"},
    {OpType::DepthToSpaceOptions, "m", "m"},
    {OpType::SpaceToDepthOptions, "r", "r"},
    {OpType::SpaceToDepthOptions, "q", "q"},
    {OpType::SpaceToDepthOptions, "m", "m"},
    {OpType::ShapeOfOptions, "A", "S"},
    {OpType::RangeOptions, "nnn", "r"},
    {OpType::RangeOptions, "nnn", "i"},
    {OpType::ArgOptions, "r", "S"},
    {OpType::ArgOptions, "q", "S"},
    {OpType::ArgOptions, "i", "S"},
    {OpType::TopKOptions, "rs", "rS"},
    {OpType::TopKOptions, "qs", "qS"},
    {OpType::TopKOptions, "is", "iS"},
    {OpType::CumulateOptions, "rs", "r"},
    {OpType::CumulateOptions, "is", "i"},
    {OpType::OneHotOptions, "nrs", "r"},
    {OpType::OneHotOptions, "nms", "m"},
    {OpType::TriluOptions, "rs", "r"},
    {OpType::TriluOptions, "ms", "m"},
    {OpType::ReverseSequenceOptions, "rs", "r"},
    {OpType::ReverseSequenceOptions, "ms", "m"},
    {OpType::EinsumOptions, "r", "r"},
    {OpType::EinsumOptions, "i", "i"},
    {OpType::NonZeroOptions, "r", "S"},
    {OpType::NonZeroOptions, "m", "S"},
    {OpType::CompressOptions, "rl", "r"},
    {OpType::CompressOptions, "ql", "q"},
    {OpType::CompressOptions, "ml", "m"},
    {OpType::UniqueOptions, "r", "rS"},
    {OpType::UniqueOptions, "m", "mS"},
    {OpType::NonMaxSuppressionOptions, "rrsrr", "S"},
    {OpType::ConvTransposeOptions, "rrr", "r"},
    {OpType::NormalizationOptions, "rrr", "r"},
    {OpType::LrnOptions, "r", "r"},
    {OpType::ResizeOptions, "rrsr", "r"},
    {OpType::ResizeOptions, "qrsr", "q"},
    {OpType::ResizeOptions, "mrsr", "m"},
    {OpType::GridSampleOptions, "rr", "r"},
    {OpType::RoiAlignOptions, "rrs", "r"},
    {OpType::AttentionOptions, "rrrr", "r"},
    {OpType::AttentionOptions, "rrrl", "r"},
    {OpType::RecurrentOptions, "rrrrsrrr", "r"},
    {OpType::IfOptions, "lA", "A"},
    {OpType::LoopOptions, "SlA", "A"},
};

// Compares operands with the letters for them. `alike` is the type of the operands that must have
// one type, unknown before the first.
bool MatchAll(const char* letters, const Graph& graph, absl::Span<const TensorId> ids,
              DataType& alike) {
  const size_t count = std::strlen(letters);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == kNoTensor) continue;
    const char kind = letters[std::min(i, count - 1)];
    const Tensor& tensor = graph.tensor(ids[i]);
    if (!Matches(kind, tensor)) return false;
    if (!MustBeAlike(kind)) continue;
    if (alike == DataType::kUnknown) alike = tensor.type;
    if (tensor.type != alike) return false;
  }
  return true;
}

bool FitsKind(const Signature& signature, schema::BinaryKind kind) {
  using Kind = schema::BinaryKind;
  const char a = signature.inputs[0], b = signature.inputs[1], y = signature.outputs[0];
  if (kind >= Kind::EQUAL) return y == 'l' && (a != 'l' || kind == Kind::EQUAL);
  if (y == 'l') return a == 'l' && kind >= Kind::AND;
  if (kind >= Kind::AND) return false;
  if (kind >= Kind::BIT_AND) return a == 'i' && b == 'i';
  if (a == 'q') return kind <= Kind::POW;
  return a == b || kind == Kind::POW;
}

bool FitsKind(const Signature& signature, schema::UnaryKind kind, DataType type) {
  using Kind = schema::UnaryKind;
  const char x = signature.inputs[0], y = signature.outputs[0];
  if (y == 'l') return kind == Kind::IS_NAN || kind == Kind::IS_INF;
  if (x == 'm' && type == DataType::kBool) return kind == Kind::NOT || kind == Kind::IDENTITY;
  if (x == 'm') {
    return kind == Kind::IDENTITY || kind == Kind::ABS || kind == Kind::NEG || kind == Kind::SIGN ||
           kind == Kind::CLIP || kind == Kind::BIT_NOT;
  }
  return kind != Kind::NOT && kind != Kind::BIT_NOT && kind != Kind::IS_NAN && kind != Kind::IS_INF;
}

bool FitsKind(const Signature& signature, const Graph& graph, const Node& node) {
  if (node.type() == OpType::BinaryOptions) {
    return FitsKind(signature, node.as<schema::BinaryOptionsT>().kind);
  }
  if (node.type() == OpType::UnaryOptions) {
    return FitsKind(signature, node.as<schema::UnaryOptionsT>().kind,
                    graph.tensor(node.inputs[0]).type);
  }
  if (node.type() == OpType::ReduceOptions &&
      graph.tensor(node.inputs[0]).type == DataType::kBool) {
    const auto kind = node.as<schema::ReduceOptionsT>().kind;
    return kind == schema::ReduceKind::MAXIMUM || kind == schema::ReduceKind::MINIMUM;
  }
  return true;
}

bool Matches(const Signature& signature, const Graph& graph, const Node& node) {
  DataType alike = DataType::kUnknown;
  return signature.type == node.type() && MatchAll(signature.inputs, graph, node.inputs, alike) &&
         MatchAll(signature.outputs, graph, node.outputs, alike) &&
         FitsKind(signature, graph, node);
}

// "x u8 quantized, w constant f32 -> f32"
std::string Describe(const Graph& graph, const Node& node) {
  const auto describe = [&graph](TensorId id) {
    const Tensor& t = graph.tensor(id);
    const char* quantized = !t.quant                ? ""
                            : t.quant->per_tensor() ? " quantized"
                                                    : " quantized along an axis";
    return absl::StrCat(t.is_constant() ? "constant " : "", Name(t.type), quantized);
  };
  std::string text;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", InputName(node.type(), i), " ",
                    describe(node.inputs[i]));
  }
  text += " ->";
  for (TensorId id : node.outputs) absl::StrAppend(&text, " ", describe(id));
  return text;
}

}  // namespace

absl::Status CheckTypes(const Graph& graph, const Node& node) {
  for (const Signature& signature : kSignatures) {
    if (Matches(signature, graph, node)) return absl::OkStatus();
  }
  return absl::UnimplementedError(
      absl::StrCat("it cannot compute with these types: ", Describe(graph, node)));
}

}  // namespace octet::validate
