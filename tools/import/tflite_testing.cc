#include "tools/import/tflite_testing.h"

#include <cstring>
#include <memory>
#include <random>

#include "flatbuffers/flatbuffers.h"
#include "tools/import/tflite_importer.h"

namespace octet::testing {
namespace {

template <typename T>
std::vector<uint8_t> BytesOf(const std::vector<T>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

TfliteMaker::TfliteMaker() {
  model_.version = 3;
  model_.subgraphs.push_back(std::make_unique<tflite::SubGraphT>());
  model_.buffers.push_back(std::make_unique<tflite::BufferT>());
}

int TfliteMaker::Tensor(const std::string& name, const std::vector<int32_t>& shape,
                        tflite::TensorType type, const std::vector<int32_t>& signature) {
  auto tensor = std::make_unique<tflite::TensorT>();
  tensor->name = name;
  tensor->shape = shape;
  tensor->type = type;
  tensor->shape_signature = signature;
  graph().tensors.push_back(std::move(tensor));
  return static_cast<int>(graph().tensors.size()) - 1;
}

int TfliteMaker::Input(const std::string& name, const std::vector<int32_t>& shape,
                       tflite::TensorType type, const std::vector<int32_t>& signature) {
  const int tensor = Tensor(name, shape, type, signature);
  graph().inputs.push_back(tensor);
  return tensor;
}

int TfliteMaker::Constant(const std::string& name, const std::vector<int32_t>& shape,
                          tflite::TensorType type, std::vector<uint8_t> bytes) {
  const int tensor = Tensor(name, shape, type);
  graph().tensors.back()->buffer = static_cast<uint32_t>(model_.buffers.size());
  model_.buffers.push_back(std::make_unique<tflite::BufferT>());
  model_.buffers.back()->data = std::move(bytes);
  return tensor;
}

int TfliteMaker::Floats(const std::string& name, const std::vector<int32_t>& shape,
                        const std::vector<float>& values) {
  return Constant(name, shape, tflite::TensorType::FLOAT32, BytesOf(values));
}

int TfliteMaker::Ints(const std::string& name, const std::vector<int32_t>& shape,
                      const std::vector<int32_t>& values) {
  return Constant(name, shape, tflite::TensorType::INT32, BytesOf(values));
}

int TfliteMaker::Longs(const std::string& name, const std::vector<int32_t>& shape,
                       const std::vector<int64_t>& values) {
  return Constant(name, shape, tflite::TensorType::INT64, BytesOf(values));
}

int TfliteMaker::Bytes(const std::string& name, const std::vector<int32_t>& shape,
                       const std::vector<int>& values, tflite::TensorType type) {
  std::vector<uint8_t> bytes;
  for (const int v : values) bytes.push_back(static_cast<uint8_t>(v));
  return Constant(name, shape, type, std::move(bytes));
}

int TfliteMaker::RandomFloats(const std::string& name, const std::vector<int32_t>& shape) {
  size_t count = 1;
  for (const int32_t size : shape) count *= static_cast<size_t>(size);
  std::mt19937 random(static_cast<uint32_t>(graph().tensors.size()));
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
  return Floats(name, shape, values);
}

TfliteMaker& TfliteMaker::Quantize(int tensor, const std::vector<float>& scales,
                                   const std::vector<int64_t>& zero_points, int axis) {
  auto quantization = std::make_unique<tflite::QuantizationParametersT>();
  quantization->scale = scales;
  quantization->zero_point = zero_points;
  quantization->quantized_dimension = axis;
  graph().tensors[static_cast<size_t>(tensor)]->quantization = std::move(quantization);
  return *this;
}

TfliteMaker& TfliteMaker::Op(tflite::BuiltinOperator code, const std::vector<int32_t>& inputs,
                             const std::vector<int32_t>& outputs) {
  auto op = std::make_unique<tflite::OperatorT>();
  op->opcode_index = static_cast<uint32_t>(model_.operator_codes.size());
  op->inputs = inputs;
  op->outputs = outputs;
  graph().operators.push_back(std::move(op));
  auto kind = std::make_unique<tflite::OperatorCodeT>();
  kind->builtin_code = code;
  kind->deprecated_builtin_code = static_cast<int8_t>(std::min(static_cast<int>(code), 127));
  model_.operator_codes.push_back(std::move(kind));
  return *this;
}

TfliteMaker& TfliteMaker::Output(int tensor) {
  graph().outputs.push_back(tensor);
  return *this;
}

std::vector<uint8_t> TfliteMaker::Bytes() {
  flatbuffers::FlatBufferBuilder builder;
  tflite::FinishModelBuffer(builder, tflite::Model::Pack(builder, &model_));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

absl::StatusOr<Graph> TfliteMaker::Import(const ImportOptions& options) {
  auto bytes = std::make_shared<std::vector<uint8_t>>(Bytes());
  return ImportTfliteBytes(*bytes, bytes, "model.tflite", options);
}

tflite::Conv2DOptionsT Conv(tflite::Padding padding, int stride,
                            tflite::ActivationFunction activation) {
  tflite::Conv2DOptionsT options;
  options.padding = padding;
  options.stride_w = options.stride_h = stride;
  options.activation = activation;
  return options;
}

}  // namespace octet::testing
