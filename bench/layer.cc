#include "bench/layer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace octet {
namespace bench {
namespace {

constexpr size_t kAlignment = 64;

uint8_t* Aligned(std::vector<uint8_t>& buffer) {
  const auto address = reinterpret_cast<uintptr_t>(buffer.data());
  return buffer.data() + (kAlignment - address % kAlignment) % kAlignment;
}

bool ParseConv(std::istringstream& words, LayerShape& s) {
  std::string activation, residual;
  words >> s.channels >> s.height >> s.width >> s.outputs >> s.kernel >> s.stride >> s.pad_begin >>
      s.pad_end >> s.groups >> activation >> residual;
  s.relu = activation == "relu";
  s.residual = residual == "residual";
  return !words.fail() && (s.relu || activation == "linear") && (s.residual || residual == "plain");
}

bool ParseLine(const std::string& line, LayerShape& s) {
  std::istringstream words(line);
  std::string kind;
  words >> kind >> s.name;
  if (kind == "conv") return ParseConv(words, s);
  s.is_matmul = true;
  words >> s.height >> s.channels >> s.outputs;
  return kind == "matmul" && !words.fail();
}

Operand MakeOperand(DataType type, const Shape& shape, Layout layout, const QuantParams* quant) {
  Operand operand;
  operand.type = type, operand.shape = shape, operand.layout = layout, operand.quant = quant;
  return operand;
}

float ElementAt(DataType type, const uint8_t* data, size_t i) {
  if (type == DataType::kS16) return reinterpret_cast<const int16_t*>(data)[i];
  return type == DataType::kF32 ? reinterpret_cast<const float*>(data)[i] : data[i];
}

}  // namespace

std::string LayerTypes::name() const {
  const std::string from(Name(x)), to(Name(y));
  return x == y ? from : absl::StrCat(from, "-", to);
}

int64_t ProductsOf(const LayerShape& s) {
  if (s.is_matmul) return s.height * s.channels * s.outputs;
  const auto size = [&](int64_t n) {
    return (n + s.pad_begin + s.pad_end - s.kernel) / s.stride + 1;
  };
  return size(s.height) * size(s.width) * s.outputs * (s.channels / s.groups) * s.kernel * s.kernel;
}

absl::StatusOr<std::vector<LayerShape>> ReadShapes(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::vector<LayerShape> shapes;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    LayerShape shape;
    if (!ParseLine(line, shape)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ":", number, ": not a layer as the file's comments describe it: ", line));
    }
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

Layer::Layer(const LayerShape& shape, const LayerTypes& types) : types_(types) {
  if (shape.is_matmul) {
    SetMatMul(shape);
  } else {
    SetConv(shape);
  }
}

void Layer::SetConv(const LayerShape& s) {
  schema::ConvOptionsT options;
  const auto both = [](int64_t value) {
    return std::vector<int32_t>(2, static_cast<int32_t>(value));
  };
  options.strides = both(s.stride);
  options.dilations = both(1);
  options.pads_begin = both(s.pad_begin);
  options.pads_end = both(s.pad_end);
  options.groups = static_cast<int32_t>(s.groups);
  if (s.relu) options.activation_min = 0;
  node_ = Graph::MakeNode(s.name, std::move(options), {}, {});
  const auto size = [&](int64_t n) {
    return (n + s.pad_begin + s.pad_end - s.kernel) / s.stride + 1;
  };
  const int64_t depth = s.channels / s.groups * s.kernel * s.kernel;
  y_quant_.zero_points = {s.relu ? 0 : 128};
  SetOperands({1, s.channels, s.height, s.width},
              {s.outputs, s.channels / s.groups, s.kernel, s.kernel},
              {1, s.outputs, size(s.height), size(s.width)}, Layout::kChannelsLast, s.residual);
  w_quant_.axis = 0;
  FillOperands(depth);
}

void Layer::SetMatMul(const LayerShape& s) {
  node_ = Graph::MakeNode(s.name, schema::MatMulOptionsT(), {}, {});
  y_quant_.zero_points = {128};
  SetOperands({s.height, s.channels}, {s.channels, s.outputs}, {s.height, s.outputs},
              Layout::kPlain, false);
  w_quant_.axis = 1;
  FillOperands(s.channels);
}

void Layer::SetOperands(const Shape& x, const Shape& w, const Shape& y, Layout layout,
                        bool residual) {
  const auto type = [&](DataType t) { return types_.quantized() ? t : DataType::kF32; };
  const auto quant = [&](const QuantParams& q) { return types_.quantized() ? &q : nullptr; };
  const Shape channels = {layout == Layout::kPlain ? y.back() : y[1]};
  inputs_ = {MakeOperand(types_.x, x, layout, quant(x_quant_)),
             MakeOperand(type(DataType::kS8), w, Layout::kPlain, quant(w_quant_)),
             MakeOperand(type(DataType::kS32), channels, Layout::kPlain, nullptr)};
  if (residual) inputs_.push_back(MakeOperand(types_.x, y, layout, quant(residual_quant_)));
  outputs_ = {MakeOperand(types_.y, y, layout, quant(y_quant_))};
}

void Layer::FillOperands(int64_t depth) {
  std::mt19937 random(1);
  const int64_t channels = inputs_[2].shape[0];
  products_ = NumElements(outputs_[0].shape) * depth;
  const auto unit = [](DataType t) { return t == DataType::kS16 ? 1.0f / 256 : 1.0f; };
  const auto zero = [](DataType t, int32_t of_u8) { return t == DataType::kS16 ? 0 : of_u8; };
  x_quant_ = {{0.02f * unit(types_.x)}, {zero(types_.x, 3)}, -1};
  w_quant_.scales.assign(static_cast<size_t>(channels), 0.01f);
  w_quant_.zero_points.assign(static_cast<size_t>(channels), 0);
  // So that most outputs lie within their type's range.
  const float scale = 0.02f * 0.01f * 150.0f * std::sqrt(static_cast<float>(depth));
  y_quant_ = {{scale * unit(types_.y)}, {zero(types_.y, y_quant_.zero_point())}, -1};
  residual_quant_ = {{scale * unit(types_.x)}, {zero(types_.x, 128)}, -1};
  for (const std::vector<Operand>* operands : {&inputs_, &outputs_}) {
    for (const Operand& operand : *operands) {
      const size_t elements = static_cast<size_t>(NumElements(operand.shape));
      buffers_.emplace_back(elements * SizeOf(operand.type) + kAlignment);
      uint8_t* data = Aligned(buffers_.back());
      for (size_t i = 0; i < elements; ++i) {
        const int32_t value = static_cast<int32_t>(random() % 255) - 127;
        if (operand.type == DataType::kF32) {
          reinterpret_cast<float*>(data)[i] = static_cast<float>(value) / 64.0f;
        } else if (operand.type == DataType::kS32) {
          reinterpret_cast<int32_t*>(data)[i] = value;
        } else if (operand.type == DataType::kS16) {
          reinterpret_cast<int16_t*>(data)[i] = static_cast<int16_t>(256 * value + value);
        } else {
          data[i] = static_cast<uint8_t>(value);
        }
      }
    }
  }
  inputs_[1].data = Aligned(buffers_[1]);
  inputs_[2].data = Aligned(buffers_[2]);
}

KernelContext Layer::Context(const CpuFeatures& cpu, ThreadPool* pool,
                             PackedWeights* packed) const {
  KernelContext context;
  context.node = &node_;
  context.inputs = inputs_;
  context.outputs = outputs_;
  context.cpu = cpu;
  context.pool = pool;
  context.packed = packed;
  return context;
}

void Layer::Run(const Kernel& kernel, ThreadPool* pool) {
  const void* inputs[4] = {};
  for (size_t i = 0; i < inputs_.size(); ++i) inputs[i] = Aligned(buffers_[i]);
  void* outputs[] = {Aligned(buffers_.back())};
  if (scratch_.size() < kernel.scratch_bytes() + kAlignment) {
    scratch_.resize(kernel.scratch_bytes() + kAlignment);
  }
  RunArgs args;
  args.inputs = inputs;
  args.outputs = outputs;
  args.scratch = Aligned(scratch_);
  args.pool = pool;
  RunError error;
  args.error = &error;
  if (kernel.in_place_input() >= 0) {
    const size_t bytes =
        static_cast<size_t>(NumElements(outputs_[0].shape)) * SizeOf(outputs_[0].type);
    std::memcpy(outputs[0], inputs[kernel.in_place_input()], bytes);
  }
  kernel.Run(args);
}

void Layer::RunReference() {
  const auto pool = ThreadPool::Create(1);
  const auto packed = NewPackedWeights();
  auto kernel = KernelsFor(type()).back().prepare(Context({}, pool.get(), packed.get()));
  if (!kernel.ok()) return;
  expected_.resize(buffers_.back().size());
  expected_.swap(buffers_.back());  // pointers stay with their contents
  Run(**kernel, pool.get());
  expected_.swap(buffers_.back());
}

absl::Status Layer::CheckOutput() {
  if (expected_.empty()) {
    RunReference();
    if (expected_.empty()) return absl::InternalError("the reference does not accept the layer");
  }
  const size_t elements = static_cast<size_t>(NumElements(outputs_[0].shape));
  const uint8_t* got = Aligned(buffers_.back());
  const uint8_t* want = Aligned(expected_);
  float largest = 0, worst = 0;
  for (size_t i = 0; i < elements; ++i) {
    const float g = ElementAt(types_.y, got, i), w = ElementAt(types_.y, want, i);
    largest = std::max(largest, std::abs(w));
    worst = std::max(worst, std::abs(g - w));
  }
  if (worst <= (types_.quantized() ? 1.0f : 1e-4f * largest)) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("off the reference by up to ", worst));
}

}  // namespace bench
}  // namespace octet
