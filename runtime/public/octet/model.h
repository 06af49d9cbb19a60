#ifndef OCTET_MODEL_H_
#define OCTET_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/thread_pool.h"
#include "octet/types.h"

namespace octet {

// An input or output of a model. Sizes that the model leaves open are -1 in `shape`, and `symbols`
// holds their names ("" for the known ones).
struct TensorInfo {
  std::string name;
  DataType type = DataType::kUnknown;
  Shape shape;
  std::vector<std::string> symbols;
  absl::optional<QuantParams> quant;  // set on quantized tensors
};

// How a picture becomes the input: shorter side scaled to `resize`, centre cropped to `crop`
// squared, each channel (pixel - mean) / std with pixels in [0, 255].
struct ImagePreprocessing {
  int input = 0;  // index into Model::inputs()
  bool bgr = false;
  int resize = 0;  // pixels; 0: no scaling
  int crop = 0;    // pixels; 0: no cropping
  std::vector<float> mean;
  std::vector<float> std;
};

// What the runtime decided about one step of a plan.
struct StepInfo {
  std::string name;      // of the operator in the source model
  std::string type;      // "Conv", ...
  std::string dtype;     // of its first output: "u8", "f32", ...
  std::string computed;  // what its elements are while it computes: "u8 x s8", "bf16", "f32", ...
  std::string accumulated;  // what sums of products are kept in: "s32", "f32", "f16"; else empty
  bool conversion = false;  // it does nothing but convert between types
  std::string
      kernel;  // registry row and implementation, "onednn_conv/brg_conv_fwd:avx512_core_vnni"
  std::string reason;  // why better rows declined; empty when the first row was taken
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

struct ModelOptions {
  // Threads to run on. Null: ThreadPool::Shared().
  std::shared_ptr<ThreadPool> pool;
  // Caps the instruction set: "avx2", "avx2_vnni", "avx512_core", "avx512_core_vnni",
  // "avx512_core_bf16", "avx512_core_fp16", "avx512_core_amx"; empty: what the CPU has and the
  // environment variable ONEDNN_MAX_CPU_ISA allows. oneDNN freezes the cap of a process at first
  // use; asking for another one later is an error.
  std::string isa;
  // The same bits as the reference kernels on every CPU, at the price of speed.
  bool deterministic = false;
  // Products of f16 factors round after every addition to f16, as f16 arithmetic does, instead of
  // summing in f32. For studying that arithmetic: only the slow reference kernels do so, and f16
  // tensors are computed as such on every CPU.
  bool accumulate_f16 = false;
  // Plans (one per concrete set of input shapes) that are kept at most.
  int max_plans = 8;
};

class Session;

// A model that is loaded, verified and ready to run. Immutable for its users; all functions may be
// called from several threads at once. Sessions keep what they need alive: a Model may be destroyed
// before them.
class Model {
 public:
  // Maps and verifies the file. Weights are used in place: the file must not change while the model
  // lives. NotFound / PermissionDenied when it cannot be read, InvalidArgument when it is damaged
  // or hostile, Unimplemented when it is of a newer format or needs a kernel that does not exist.
  static absl::StatusOr<std::shared_ptr<const Model>> Load(const std::string& path,
                                                           const ModelOptions& options = {});

  virtual ~Model() = default;

  virtual const std::vector<TensorInfo>& inputs() const = 0;
  virtual const std::vector<TensorInfo>& outputs() const = 0;
  virtual const absl::optional<ImagePreprocessing>& preprocessing() const = 0;
  virtual const std::vector<std::string>& labels() const = 0;

  // Bytes of the weights in the file.
  virtual uint64_t weights_bytes() const = 0;

  // A new session, planned for `input_shapes` (one per input, no -1). Shapes that are fully known
  // in the model may be left empty; open sizes of an empty entry become 1.
  virtual absl::StatusOr<std::unique_ptr<Session>> NewSession(
      absl::Span<const Shape> input_shapes = {}) const = 0;
};

// One thread's use of a model: its buffers for inputs, outputs and what lies between. Not
// thread-safe; any number of sessions may run at the same time.
class Session {
 public:
  virtual ~Session() = default;

  // Replans for other input shapes. On failure the session is unchanged. Contents of inputs and
  // outputs are undefined afterwards.
  virtual absl::Status Resize(absl::Span<const Shape> input_shapes) = 0;

  // Row-major buffers owned by the session, 64-byte aligned, valid until Resize or destruction (but
  // see Run). The
  // type parameter must be the element type of the tensor (float for f32, int8_t for
  // s8, bool, ...; f16 and bf16 have none); an empty span is returned otherwise.
  template <typename T>
  absl::Span<T> input(int index);
  template <typename T>
  absl::Span<const T> output(int index) const;

  virtual void* input_data(int index) = 0;
  virtual const void* output_data(int index) const = 0;
  virtual const Shape& input_shape(int index) const = 0;
  virtual const Shape& output_shape(int index) const = 0;
  virtual DataType input_type(int index) const = 0;
  virtual DataType output_type(int index) const = 0;

  // Computes the outputs from the inputs. Allocates nothing. OK unless an operator finds input
  // values that it cannot work with (the message names it). Models whose shapes depend on elements
  // (NonZero, loops, shapes among the inputs) differ: running them plans and allocates where sizes
  // change, their outputs' shapes are known and their buffers valid after Run only, until the next
  // one, and unknown sizes are 0 before.
  virtual absl::Status Run() = 0;

  // The plan's steps, in order of execution; of models whose shapes depend on elements, those of
  // the last run.
  virtual const std::vector<StepInfo>& steps() const = 0;

  // As Run, and adds the duration of each step in nanoseconds to `step_ns`, which has one entry per
  // step.
  virtual absl::Status RunProfiled(absl::Span<int64_t> step_ns) = 0;

  // Bytes of working memory between inputs and outputs.
  virtual size_t arena_bytes() const = 0;
};

template <typename T>
struct DataTypeOf;
template <>
struct DataTypeOf<float> {
  static constexpr DataType value = DataType::kF32;
};
template <>
struct DataTypeOf<int8_t> {
  static constexpr DataType value = DataType::kS8;
};
template <>
struct DataTypeOf<uint8_t> {
  static constexpr DataType value = DataType::kU8;
};
template <>
struct DataTypeOf<int16_t> {
  static constexpr DataType value = DataType::kS16;
};
template <>
struct DataTypeOf<int32_t> {
  static constexpr DataType value = DataType::kS32;
};
template <>
struct DataTypeOf<int64_t> {
  static constexpr DataType value = DataType::kS64;
};
template <>
struct DataTypeOf<bool> {
  static constexpr DataType value = DataType::kBool;
};
template <>
struct DataTypeOf<double> {
  static constexpr DataType value = DataType::kF64;
};
template <>
struct DataTypeOf<uint16_t> {
  static constexpr DataType value = DataType::kU16;
};
template <>
struct DataTypeOf<uint32_t> {
  static constexpr DataType value = DataType::kU32;
};
template <>
struct DataTypeOf<uint64_t> {
  static constexpr DataType value = DataType::kU64;
};

template <typename T>
absl::Span<T> Session::input(int index) {
  if (input_type(index) != DataTypeOf<T>::value) return {};
  return absl::MakeSpan(static_cast<T*>(input_data(index)),
                        static_cast<size_t>(NumElements(input_shape(index))));
}

template <typename T>
absl::Span<const T> Session::output(int index) const {
  if (output_type(index) != DataTypeOf<T>::value) return {};
  return absl::MakeConstSpan(static_cast<const T*>(output_data(index)),
                             static_cast<size_t>(NumElements(output_shape(index))));
}

}  // namespace octet

#endif  // OCTET_MODEL_H_
