#include "tools/quantize/reconstruct.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "octet/thread_pool.h"
#include "runtime/core/validate.h"
#include "tools/evaluate/taps.h"
#include "tools/quantize/integer_constant.h"
#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/layer_pairs.h"
#include "tools/quantize/moments.h"
#include "tools/quantize/round_layer.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

// For the layers that are watched in one pass over the samples.
constexpr size_t kMostBytes = size_t{512} << 20;

// Positions that a layer is observed at, over all samples.
constexpr int64_t kPositions = 32768;
constexpr int64_t kLeastPositionsPerRun = 64;

// `wanted` of `all` positions, evenly spread; other ones in each run.
std::vector<size_t> SpreadPositions(size_t all, size_t wanted, int64_t run) {
  const size_t count = std::min(all, wanted);
  constexpr double kGoldenRatio = 0.6180339887498949;
  const double shift = std::fmod(kGoldenRatio * static_cast<double>(run), 1.0);
  std::vector<size_t> positions;
  for (size_t i = 0; i < count; ++i) {
    const double at =
        (static_cast<double>(i) + shift) * static_cast<double>(all) / static_cast<double>(count);
    positions.push_back(std::min(static_cast<size_t>(at), all - 1));
  }
  return positions;
}

// A layer while it is watched.
struct Watched {
  LayerPair pair;
  LayerMatrix matrix;
  std::unique_ptr<MomentCollector> moments;
  std::unique_ptr<PatchReader> patches;
  Shape input_shape;
};

class Reconstruction {
 public:
  Reconstruction(const Graph& real, Graph& integer, const SampleSource& samples,
                 const ReconstructOptions& options)
      : real_(real),
        integer_(integer),
        samples_(samples),
        options_(options),
        pool_(options.run.pool == nullptr ? ThreadPool::Shared() : options.run.pool) {}

  absl::Status Run() {
    std::vector<LayerPair> pairs = PairLayers(real_, integer_);
    if (!options_.biases) {
      const auto stays = [this](const LayerPair& pair) { return !ChoosesWeights(pair); };
      pairs.erase(std::remove_if(pairs.begin(), pairs.end(), stays), pairs.end());
    }
    for (size_t first = 0; first < pairs.size();) {
      const size_t end = EndOfGroup(pairs, first);
      absl::Status status = FitGroup(absl::MakeConstSpan(pairs).subspan(first, end - first));
      if (!status.ok()) return status;
      first = end;
    }
    return absl::OkStatus();
  }

 private:
  const Node& RealNode(const LayerPair& pair) const {
    return real_.nodes[static_cast<size_t>(pair.real)];
  }
  Node& IntegerNode(const LayerPair& pair) const {
    return integer_.nodes[static_cast<size_t>(pair.integer)];
  }

  bool ChoosesWeights(const LayerPair& pair) const {
    const TensorId weights = IntegerNode(pair).input(1);
    return options_.weights == WeightChoice::kIntegers ||
           (options_.weights == WeightChoice::kCommonScale &&
            integer_.tensor(weights).quant->per_tensor());
  }

  // Where a group of layers ends that fits into memory.
  size_t EndOfGroup(const std::vector<LayerPair>& pairs, size_t first) const {
    size_t bytes = 0, end = first;
    for (; end < pairs.size(); ++end) {
      bytes += MomentCollector::BytesFor(LayerMatrixOf(real_, RealNode(pairs[end])),
                                         ChoosesWeights(pairs[end]));
      if (end > first && bytes > kMostBytes) break;
    }
    return end;
  }

  absl::Status FitGroup(absl::Span<const LayerPair> pairs) {
    std::vector<Watched> layers;
    std::vector<TensorId> inputs;
    for (const LayerPair& pair : pairs) {
      Watched layer;
      layer.pair = pair;
      layer.matrix = LayerMatrixOf(real_, RealNode(pair));
      absl::StatusOr<std::unique_ptr<MomentCollector>> moments =
          MomentCollector::Create(layer.matrix, ChoosesWeights(pair), options_.run);
      if (!moments.ok()) return moments.status();
      layer.moments = *std::move(moments);
      layers.push_back(std::move(layer));
      inputs.push_back(IntegerNode(pair).input(0));
    }
    absl::StatusOr<Taps> taps = Taps::Create(integer_, inputs, samples_, options_.run);
    if (!taps.ok()) return taps.status();
    absl::Status status = Watch(*taps, layers);
    for (Watched& layer : layers) {
      if (status.ok()) status = Fit(layer);
    }
    return status;
  }

  absl::Status Watch(Taps& taps, std::vector<Watched>& layers) const {
    const int64_t runs = (samples_.size() + taps.batch() - 1) / taps.batch();
    for (int64_t run = 0; run < runs; ++run) {
      absl::Status status = taps.Run(run * taps.batch()).status();
      for (size_t i = 0; i < layers.size() && status.ok(); ++i) {
        status = WatchLayer(taps.shape(i), taps.values(i), run, runs, layers[i]);
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status WatchLayer(const Shape& shape, absl::Span<const float> input, int64_t run,
                          int64_t runs, Watched& layer) const {
    if (layer.patches == nullptr || shape != layer.input_shape) {
      layer.patches = std::make_unique<PatchReader>(real_, RealNode(layer.pair), shape);
      layer.input_shape = shape;
    }
    const int64_t wanted = std::max(kPositions / runs, kLeastPositionsPerRun);
    const std::vector<size_t> positions =
        SpreadPositions(layer.patches->positions(), static_cast<size_t>(wanted), run);
    return layer.moments->Add(*layer.patches, input, positions);
  }

  absl::Status Fit(Watched& layer) {
    absl::StatusOr<InputMoments> moments = layer.moments->Finish();
    if (!moments.ok()) return moments.status();
    layer.moments.reset();
    const Node& node = RealNode(layer.pair);
    Node& integer = IntegerNode(layer.pair);
    const std::vector<float> constant = RealValues(real_.tensor(node.input(1)));
    const std::vector<float> weights = ToRows<float>(node, layer.matrix, constant);
    const size_t outputs = layer.matrix.groups * layer.matrix.outputs;
    std::vector<double> bias(outputs);
    if (node.input(2) != kNoTensor) {
      const std::vector<float> values = RealValues(real_.tensor(node.input(2)));
      std::copy(values.begin(), values.end(), bias.begin());
    }
    AddProduct(weights, moments->mean, layer.matrix, 1.0, bias);
    const double input_scale = integer_.tensor(integer.input(0)).quant->scale();
    const DataType input_type = integer_.tensor(integer.input(0)).type;
    const auto max_bias =
        static_cast<double>(MaxBias(static_cast<int64_t>(layer.matrix.depth), input_type));
    if (ChoosesWeights(layer.pair)) {
      RoundingTask task;
      task.nearest = options_.weights == WeightChoice::kCommonScale;
      task.matrix = layer.matrix;
      task.weights = weights;
      task.type = integer_.tensor(integer.input(1)).type;
      task.per_channel = !integer_.tensor(integer.input(1)).quant->per_tensor();
      for (size_t o = 0; o < outputs; ++o) {
        task.least_scales.push_back(
            static_cast<float>(std::abs(bias[o]) / (input_scale * max_bias)));
      }
      Store(RoundLayer(task, *moments, *pool_), layer, integer);
    }
    const std::vector<float> rounded = RoundedRows(layer, integer);
    AddProduct(rounded, moments->mean, layer.matrix, -1.0, bias);
    StoreBias(bias, input_scale, max_bias, integer);
    return absl::OkStatus();
  }

  // Adds sign * weights * inputs, with one input per element of depth and group, to `sums`.
  static void AddProduct(const std::vector<float>& weights, const std::vector<double>& inputs,
                         const LayerMatrix& matrix, double sign, std::vector<double>& sums) {
    for (size_t row = 0; row < sums.size(); ++row) {
      const double* of_group = inputs.data() + row / matrix.outputs * matrix.depth;
      double sum = 0;
      for (size_t d = 0; d < matrix.depth; ++d)
        sum += weights[row * matrix.depth + d] * of_group[d];
      sums[row] += sign * sum;
    }
  }

  void Store(const RoundedWeights& rounded, const Watched& layer, Node& integer) {
    Tensor t = integer_.tensor(integer.input(1));
    t.data = IntegerConstant(FromRows<int16_t>(integer, layer.matrix, rounded.weights), t.type);
    t.quant->scales = rounded.scales;
    integer_.tensor(integer.input(1)) = std::move(t);
  }

  // The real values of the integer layer's weights, by output.
  std::vector<float> RoundedRows(const Watched& layer, const Node& integer) const {
    const Tensor& t = integer_.tensor(integer.input(1));
    std::vector<float> values;
    const auto read = [&](auto zero) {
      using T = decltype(zero);
      for (const T q : ToRows<T>(integer, layer.matrix, t.data.as<T>())) {
        const float scale = ScaleOf(*t.quant, values.size() / layer.matrix.depth);
        values.push_back(scale * static_cast<float>(q));
      }
    };
    if (t.type == DataType::kS16) {
      read(int16_t{});
    } else {
      read(int8_t{});
    }
    return values;
  }

  static float ScaleOf(const QuantParams& quant, size_t channel) {
    return quant.scales[quant.per_tensor() ? 0 : channel];
  }

  void StoreBias(const std::vector<double>& bias, double input_scale, double max_bias,
                 Node& integer) {
    const QuantParams& weights = *integer_.tensor(integer.input(1)).quant;
    QuantParams quant;
    quant.axis = weights.per_tensor() ? -1 : 0;
    quant.zero_points.assign(weights.scales.size(), 0);
    for (float scale : weights.scales)
      quant.scales.push_back(static_cast<float>(input_scale) * scale);
    std::vector<int64_t> values;
    for (size_t o = 0; o < bias.size(); ++o) {
      const double exact = bias[o] / (input_scale * ScaleOf(weights, o));
      values.push_back(
          static_cast<int64_t>(std::clamp(std::nearbyint(exact), -max_bias, max_bias)));
    }
    Tensor t;
    t.name = integer.input(2) == kNoTensor
                 ? absl::StrCat(integer_.tensor(integer.input(1)).name, "_bias")
                 : integer_.tensor(integer.input(2)).name;
    t.type = BiasType(integer_.tensor(integer.input(0)).type);
    t.shape = {static_cast<int64_t>(values.size())};
    t.quant = std::move(quant);
    t.data = IntegerConstant(values, t.type);
    if (integer.inputs.size() < 3) integer.inputs.resize(3, kNoTensor);
    if (integer.inputs[2] == kNoTensor) {
      integer.inputs[2] = integer_.AddTensor(std::move(t));
    } else {
      integer_.tensor(integer.inputs[2]) = std::move(t);
    }
  }

  const Graph& real_;
  Graph& integer_;
  const SampleSource& samples_;
  const ReconstructOptions& options_;
  const std::shared_ptr<ThreadPool> pool_;
};

}  // namespace

absl::Status ReconstructLayers(const Graph& real, Graph& integer, const SampleSource& samples,
                               const ReconstructOptions& options) {
  return Reconstruction(real, integer, samples, options).Run();
}

}  // namespace octet
