#include "runtime/model.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/onednn/isa.h"
#include "runtime/core/infer.h"
#include "runtime/format/model_file.h"
#include "runtime/lower/halves.h"
#include "runtime/lower/widen.h"
#include "runtime/model_internal.h"
#include "runtime/program_session.h"
#include "runtime/session.h"

namespace octet {
namespace {

TensorInfo InfoOf(const Tensor& tensor) {
  TensorInfo info;
  info.name = tensor.name;
  info.type = tensor.type;
  info.shape = tensor.shape;
  info.symbols = tensor.symbols;
  info.symbols.resize(tensor.shape.size());
  info.quant = tensor.quant;
  return info;
}

absl::optional<ImagePreprocessing> PreprocessingOf(const Graph& graph) {
  if (graph.preprocessing == nullptr) return absl::nullopt;
  const schema::PreprocessingT& stored = *graph.preprocessing;
  ImagePreprocessing result;
  result.input = stored.input;
  result.bgr = stored.pixel_order == schema::PixelOrder::BGR;
  result.resize = stored.resize;
  result.crop = stored.crop;
  result.mean = stored.mean;
  result.std = stored.std;
  return result;
}

absl::StatusOr<CpuFeatures> ChooseCpu(const ModelOptions& options) {
  if (!options.isa.empty()) {
    absl::StatusOr<CpuFeatures> cpu = CpuFeatures::Capped(options.isa);
    if (!cpu.ok()) return cpu.status();
    if (absl::Status status = SetIsaCap(options.isa); !status.ok()) return status;
    return cpu;
  }
  const char* cap = std::getenv("ONEDNN_MAX_CPU_ISA");
  return CpuFeatures::Capped(cap == nullptr ? "" : cap);
}

// Whether it matters how tensors of the type are computed: vectors are biases, which are widened in
// any case.
bool HasType(const Graph& graph, DataType type) {
  return std::any_of(graph.tensors.begin(), graph.tensors.end(), [type](const Tensor& t) {
    const auto more_than_one = [](int64_t size) { return size != 1; };
    const bool vector = std::count_if(t.shape.begin(), t.shape.end(), more_than_one) <= 1;
    return t.type == type && (!t.is_constant() || !vector);
  });
}

NativeHalves NativeHalvesFor(const Graph& graph, const CpuFeatures& cpu,
                             const ModelOptions& options) {
  if (!Program::IsStatic(graph)) return {};
  NativeHalves native = NativeHalvesOf(cpu, options.deterministic);
  native.f16 = native.f16 || options.accumulate_f16;
  return native;
}

}  // namespace

ModelImpl::ModelImpl(Graph graph, uint64_t weights_bytes, const ModelOptions& options,
                     const CpuFeatures& cpu)
    : graph_(std::move(graph)),
      weights_bytes_(weights_bytes),
      packed_(NewPackedWeights()),
      preprocessing_(PreprocessingOf(graph_)),
      plans_(graph_, environment_, static_cast<size_t>(std::max(1, options.max_plans))) {
  environment_.cpu = cpu;
  environment_.pool = options.pool != nullptr ? options.pool : ThreadPool::Shared();
  environment_.deterministic = options.deterministic;
  environment_.accumulate_f16 = options.accumulate_f16;
  environment_.packed = packed_.get();
  if (!Program::IsStatic(graph_)) {
    program_ = std::make_unique<const Program>(graph_, environment_,
                                               static_cast<size_t>(std::max(1, options.max_plans)));
  }
  for (TensorId id : graph_.inputs) inputs_.push_back(InfoOf(graph_.tensor(id)));
  for (TensorId id : graph_.outputs) outputs_.push_back(InfoOf(graph_.tensor(id)));
}

absl::StatusOr<std::shared_ptr<ModelImpl>> ModelImpl::Create(Graph graph, uint64_t weights_bytes,
                                                             const ModelOptions& options) {
  absl::StatusOr<CpuFeatures> cpu = ChooseCpu(options);
  if (!cpu.ok()) return cpu.status();
  const NativeHalves native = NativeHalvesFor(graph, *cpu, options);
  std::vector<HalfChoice> choices;
  for (DataType type : {DataType::kF16, DataType::kBF16}) {
    if (HasType(graph, type)) choices.push_back({type, native.Has(type)});
  }
  LowerHalves(graph, native);
  WidenStoredWeights(graph);
  std::shared_ptr<ModelImpl> model(new ModelImpl(std::move(graph), weights_bytes, options, *cpu));
  model->half_choices_ = std::move(choices);
  if (model->program() == nullptr && model->OnlyBatchIsOpen()) {
    if (absl::Status status = model->PlanFor({}).status(); !status.ok()) return status;
  }
  return model;
}

bool ModelImpl::OnlyBatchIsOpen() const {
  return std::all_of(inputs_.begin(), inputs_.end(), [](const TensorInfo& input) {
    return std::find(input.shape.begin() + (input.shape.empty() ? 0 : 1), input.shape.end(), -1) ==
           input.shape.end();
  });
}

absl::StatusOr<std::vector<Shape>> ModelImpl::CompleteShapes(
    absl::Span<const Shape> input_shapes) const {
  std::vector<Shape> shapes = DefaultInputShapes(graph_);
  if (input_shapes.empty()) return shapes;
  if (input_shapes.size() != shapes.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the model has ", shapes.size(),
                                                   " inputs, but shapes for ", input_shapes.size(),
                                                   " were given"));
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (input_shapes[i].empty()) continue;
    const Shape& declared = inputs_[i].shape;
    bool fits = declared.size() == input_shapes[i].size();
    for (size_t d = 0; fits && d < declared.size(); ++d) {
      fits = input_shapes[i][d] >= 0 && (declared[d] < 0 || declared[d] == input_shapes[i][d]);
    }
    if (!fits) {
      return absl::InvalidArgumentError(absl::StrCat("input '", inputs_[i].name, "' is ",
                                                     ToString(declared), ", not ",
                                                     ToString(input_shapes[i])));
    }
    shapes[i] = input_shapes[i];
  }
  return shapes;
}

absl::StatusOr<std::shared_ptr<const Plan>> ModelImpl::PlanFor(
    absl::Span<const Shape> input_shapes) const {
  absl::StatusOr<std::vector<Shape>> shapes = CompleteShapes(input_shapes);
  if (!shapes.ok()) return shapes.status();
  return plans_.Get(*shapes);
}

absl::StatusOr<std::unique_ptr<Session>> ModelImpl::NewSession(
    absl::Span<const Shape> input_shapes) const {
  if (program_ != nullptr) {
    absl::StatusOr<std::vector<Shape>> shapes = CompleteShapes(input_shapes);
    if (!shapes.ok()) return shapes.status();
    return ProgramSession::Create(shared_from_this(), *shapes);
  }
  absl::StatusOr<std::shared_ptr<const Plan>> plan = PlanFor(input_shapes);
  if (!plan.ok()) return plan.status();
  return SessionImpl::Create(shared_from_this(), *std::move(plan));
}

absl::StatusOr<std::shared_ptr<const Model>> Model::Load(const std::string& path,
                                                         const ModelOptions& options) {
  absl::StatusOr<LoadedModel> loaded = ReadModel(path);
  if (!loaded.ok()) return loaded.status();
  absl::StatusOr<std::shared_ptr<ModelImpl>> model =
      ModelImpl::Create(std::move(loaded->graph), loaded->weights_bytes, options);
  if (!model.ok()) {
    return absl::Status(model.status().code(), absl::StrCat(path, ": ", model.status().message()));
  }
  // Kernels hold packed copies of what they use; a page that is read again comes back from the
  // file.
  loaded->file->DropResidentPages();
  return std::shared_ptr<const Model>(*std::move(model));
}

absl::StatusOr<std::shared_ptr<const Model>> ModelFromGraph(Graph graph,
                                                            const ModelOptions& options) {
  uint64_t weights_bytes = 0;
  for (const Tensor& tensor : graph.tensors) weights_bytes += tensor.data.size();
  absl::StatusOr<std::shared_ptr<ModelImpl>> model =
      ModelImpl::Create(std::move(graph), weights_bytes, options);
  if (!model.ok()) return model.status();
  return std::shared_ptr<const Model>(*std::move(model));
}

const Graph& GraphOf(const Model& model) { return static_cast<const ModelImpl&>(model).graph(); }

std::vector<HalfChoice> HalfChoicesOf(const Model& model) {
  return static_cast<const ModelImpl&>(model).half_choices();
}

std::string IsaOf(const Model& model) { return static_cast<const ModelImpl&>(model).cpu().isa(); }

int ThreadsOf(const Model& model) { return static_cast<const ModelImpl&>(model).pool().threads(); }

}  // namespace octet
