#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Operators that pass elements on, as they are or as another type.

namespace octet::importer {
namespace {

// Between real types a Cast changes nothing, because all of them are computed in f32.
absl::Status CastTo(OpContext& c, DataType to) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const Value& value = c.value(0);
  if (value.type == to) return c.Forward(0);
  if (value.stored != kNoTensor) {
    // What the model is given has all its digits.
    return c.Finish(schema::CastOptionsT(), {value.stored}, to);
  }
  if (!IsReal(value.type) || !IsReal(to)) return c.Finish(schema::CastOptionsT(), {*x}, to);
  c.outputs = {value};
  c.outputs[0].type = to;
  return absl::OkStatus();
}

absl::Status ImportCast(OpContext& c) {
  c.attributes.Ignore("saturate");
  const std::string round = c.attributes.String("round_mode", "up");
  const int onnx_type = static_cast<int>(c.attributes.Int("to", 0));
  const DataType to = TypeOfOnnx(onnx_type);
  if (to == DataType::kUnknown) {
    return absl::UnimplementedError(absl::StrCat("casts to ", NameOfOnnxType(onnx_type)));
  }
  if (round != "up") {
    return absl::UnimplementedError("rounds in another way than up, which no type here needs");
  }
  return CastTo(c, to);
}

absl::Status ImportCastLike(OpContext& c) {
  c.attributes.Ignore("saturate");
  c.attributes.Ignore("round_mode");
  if (!c.has(1)) return absl::InvalidArgumentError("lacks input 1");
  return CastTo(c, c.value(1).type);
}

absl::Status ImportIdentity(OpContext& c) { return c.Forward(0); }

// The mask of what is kept, which is everything in inference. Before opset 10 it has x's type.
absl::StatusOr<Value> KeptMask(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  auto sizes = EmitShapeOf(c, *x, 0, c.value(0).rank(), "shape");
  if (!sizes.ok()) return sizes.status();
  const DataType type = c.opset < 10 ? c.value(0).type : DataType::kBool;
  const TensorId kept = c.Number("kept", type, 1.0);
  return c.builder.Emit(c.Intermediate("mask"), schema::ExpandOptionsT(), {kept, *sizes},
                        c.node.output(1));
}

absl::Status ImportDropout(OpContext& c) {
  c.attributes.Ignore("ratio");
  c.attributes.Ignore("seed");
  c.attributes.Ignore("is_test");
  if (c.has(2)) {
    absl::StatusOr<float> training = c.Scalar(2, 0.0f);
    if (!training.ok()) return training.status();
    if (*training != 0.0f) return absl::UnimplementedError("is in training mode");
  }
  if (absl::Status status = c.Forward(0); !status.ok() || !c.wants(1)) return status;
  auto mask = KeptMask(c);
  if (!mask.ok()) return mask.status();
  c.outputs.push_back(*std::move(mask));
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {"Cast", ImportCast, 1, "f16, bf16 and f64 are computed as f32"},
    {"CastLike", ImportCastLike, 15, ""},
    {"Dropout", ImportDropout, 1, "inference"},
    {"Identity", ImportIdentity, 1, "tensors"},
};

}  // namespace

absl::Span<const OpRow> TypeOps() { return kRows; }

}  // namespace octet::importer
