#ifndef OCTET_TOOLS_IMPORT_TFLITE_TESTING_H_
#define OCTET_TOOLS_IMPORT_TFLITE_TESTING_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/core/graph.h"
#include "tools/import/import_options.h"
#include "tools/import/tflite_generated.h"

// Small TFLite files for tests.

namespace octet::testing {

// Builds a model tensor by tensor. Functions that add a tensor give its index.
class TfliteMaker {
 public:
  TfliteMaker();

  // A tensor that an operator or the user fills. `signature` holds -1 for open sizes.
  int Tensor(const std::string& name, const std::vector<int32_t>& shape,
             tflite::TensorType type = tflite::TensorType::FLOAT32,
             const std::vector<int32_t>& signature = {});
  int Input(const std::string& name, const std::vector<int32_t>& shape,
            tflite::TensorType type = tflite::TensorType::FLOAT32,
            const std::vector<int32_t>& signature = {});
  int Floats(const std::string& name, const std::vector<int32_t>& shape,
             const std::vector<float>& values);
  int Ints(const std::string& name, const std::vector<int32_t>& shape,
           const std::vector<int32_t>& values);
  int Longs(const std::string& name, const std::vector<int32_t>& shape,
            const std::vector<int64_t>& values);
  int Bytes(const std::string& name, const std::vector<int32_t>& shape,
            const std::vector<int>& values, tflite::TensorType type = tflite::TensorType::INT8);
  // Numbers in [-1, 1] that look random.
  int RandomFloats(const std::string& name, const std::vector<int32_t>& shape);

  TfliteMaker& Quantize(int tensor, const std::vector<float>& scales,
                        const std::vector<int64_t>& zero_points, int axis = 0);

  TfliteMaker& Op(tflite::BuiltinOperator code, const std::vector<int32_t>& inputs,
                  const std::vector<int32_t>& outputs);
  template <typename OptionsT>
  TfliteMaker& Op(tflite::BuiltinOperator code, const std::vector<int32_t>& inputs,
                  const std::vector<int32_t>& outputs, OptionsT options) {
    Op(code, inputs, outputs);
    graph().operators.back()->builtin_options.Set(std::move(options));
    return *this;
  }
  TfliteMaker& Output(int tensor);

  tflite::ModelT& model() { return model_; }
  tflite::SubGraphT& graph() { return *model_.subgraphs[0]; }

  std::vector<uint8_t> Bytes();
  absl::StatusOr<Graph> Import(const ImportOptions& options = {});

 private:
  int Constant(const std::string& name, const std::vector<int32_t>& shape, tflite::TensorType type,
               std::vector<uint8_t> bytes);

  tflite::ModelT model_;
};

// CONV_2D and its like with the same stride along both dimensions.
tflite::Conv2DOptionsT Conv(
    tflite::Padding padding, int stride,
    tflite::ActivationFunction activation = tflite::ActivationFunction::NONE);

}  // namespace octet::testing

#endif  // OCTET_TOOLS_IMPORT_TFLITE_TESTING_H_
