#include "absl/strings/str_cat.h"
#include "kernels/operands.h"
#include "kernels/scalar_functions.h"
#include "tools/train/broadcast.h"
#include "tools/train/op.h"

namespace octet {
namespace {

using Kind = schema::BinaryKind;

class Binary final : public TrainOp {
 public:
  explicit Binary(const OpContext& context)
      : kind_(context.node.as<schema::BinaryOptionsT>().kind),
        size_(NumElements(context.outputs[0])),
        a_(BroadcastMap(context.inputs[0], context.outputs[0])),
        b_(BroadcastMap(context.inputs[1], context.outputs[0])) {}

  bool reads_inputs() const override { return kind_ != Kind::ADD && kind_ != Kind::SUB; }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue &a = args.inputs[0], &b = args.inputs[1];
    const float y_scale = args.output_scales[0];
    float* y = args.outputs[0];
    if (a.quantized() && b.quantized() && y_scale != 0 && kind_ <= Kind::MUL) {
      return CombineIntegers(a, b, y_scale, y);
    }
    const float unit = y_scale == 0 ? 1.0f : y_scale;
    for (int64_t i = 0; i < size_; ++i) {
      y[i] = BinaryValue(kind_, a.scale() * At(a, a_, i), b.scale() * At(b, b_, i)) / unit;
    }
  }

  void Backward(const BackwardArgs& args) const override {
    const TrainValue &a = args.inputs[0], &b = args.inputs[1];
    const float* g = args.output_gradients[0];
    float *ga = args.input_gradients[0], *gb = args.input_gradients[1];
    for (int64_t i = 0; i < size_; ++i) {
      float da = 1, db = kind_ == Kind::SUB ? -1.0f : 1.0f;
      if (reads_inputs()) {
        Slopes(a.scale() * At(a, a_, i), b.scale() * At(b, b_, i), da, db);
      }
      if (ga != nullptr) ga[Mapped(a_, i)] += g[i] * da;
      if (gb != nullptr) gb[Mapped(b_, i)] += g[i] * db;
    }
  }

 private:
  static float At(const TrainValue& x, const std::vector<int32_t>& map, int64_t i) {
    return x.data[Mapped(map, i)];
  }

  void CombineIntegers(const TrainValue& a, const TrainValue& b, float y_scale, float* y) const {
    const float a_ratio = ScaleRatio(a.scale(), y_scale), b_ratio = ScaleRatio(b.scale(), y_scale);
    const float factor = RequantMultiplier(a.scale(), b.scale(), y_scale);
    for (int64_t i = 0; i < size_; ++i) {
      const float ai = At(a, a_, i), bi = At(b, b_, i);
      y[i] = kind_ == Kind::MUL   ? ai * bi * factor
             : kind_ == Kind::ADD ? ai * a_ratio + bi * b_ratio
                                  : ai * a_ratio - bi * b_ratio;
    }
  }

  // The derivatives by both operands.
  void Slopes(float a, float b, float& da, float& db) const {
    switch (kind_) {
      case Kind::MUL:
        da = b;
        db = a;
        return;
      case Kind::DIV:
        da = 1 / b;
        db = -a / (b * b);
        return;
      case Kind::MAXIMUM:
        da = a >= b ? 1.0f : 0.0f;
        db = 1 - da;
        return;
      case Kind::MINIMUM:
        da = a <= b ? 1.0f : 0.0f;
        db = 1 - da;
        return;
      default:  // PRELU
        da = a < 0 ? b : 1.0f;
        db = a < 0 ? a : 0.0f;
    }
  }

  const Kind kind_;
  const int64_t size_;
  const std::vector<int32_t> a_, b_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeBinary(const OpContext& context) {
  const Kind kind = context.node.as<schema::BinaryOptionsT>().kind;
  if (kind <= Kind::MAXIMUM || kind == Kind::PRELU) return std::make_unique<Binary>(context);
  return absl::UnimplementedError(
      absl::StrCat(schema::EnumNameBinaryKind(kind), " has no derivative here"));
}

}  // namespace octet
