#include "tools/train/given_part.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "octet/thread_pool.h"
#include "runtime/model_internal.h"

namespace octet {

std::vector<bool> DependentNodes(const Graph& graph, const std::vector<bool>& trained) {
  std::vector<bool> nodes = trained, tensors(graph.tensors.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    for (TensorId x : node.inputs) {
      if (x != kNoTensor && tensors[static_cast<size_t>(x)]) nodes[n] = true;
    }
    for (TensorId y : node.outputs) {
      if (y != kNoTensor) tensors[static_cast<size_t>(y)] = nodes[n];
    }
  }
  return nodes;
}

std::vector<bool> WithAncestors(const Graph& graph, std::vector<bool> wanted) {
  const std::vector<int> producers = Producers(graph);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    if (!wanted[n]) continue;
    for (TensorId x : graph.nodes[n].inputs) {
      const int producer = x == kNoTensor ? -1 : producers[static_cast<size_t>(x)];
      if (producer >= 0) wanted[static_cast<size_t>(producer)] = true;
    }
  }
  return wanted;
}

absl::StatusOr<GivenPart> MakeGivenPart(const Graph& graph, std::vector<bool> nodes) {
  GivenPart part;
  part.nodes = std::move(nodes);
  const std::vector<std::vector<int>> consumers = Consumers(graph);
  Graph given = graph;
  given.nodes.clear();
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!part.nodes[n]) continue;
    given.nodes.push_back(graph.nodes[n]);
    for (TensorId y : graph.nodes[n].outputs) {
      if (y == kNoTensor) continue;
      const std::vector<int>& readers = consumers[static_cast<size_t>(y)];
      const bool is_read =
          IsOutput(graph, y) || std::any_of(readers.begin(), readers.end(), [&](int reader) {
            return !part.nodes[static_cast<size_t>(reader)];
          });
      const DataType type = graph.tensor(y).type;
      if (is_read && (type == DataType::kF32 || type == DataType::kBool)) part.tensors.push_back(y);
    }
  }
  if (part.tensors.empty()) return part;
  given.outputs = part.tensors;
  given.quantization.reset();
  RemoveDead(given);
  ModelOptions alone;
  alone.pool = ThreadPool::Create(1);
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(std::move(given), alone);
  if (!model.ok()) return model.status();
  part.model = *std::move(model);
  return part;
}

absl::StatusOr<std::unique_ptr<GivenValues>> GivenValues::Create(const GivenPart& part,
                                                                 const std::vector<Shape>& shapes) {
  absl::StatusOr<std::unique_ptr<Session>> session = part.model->NewSession(shapes);
  if (!session.ok()) return session.status();
  return std::unique_ptr<GivenValues>(new GivenValues(*std::move(session)));
}

absl::Status GivenValues::Compute(const Sample& sample, absl::Span<std::vector<float>> values) {
  for (size_t i = 0; i < sample.size(); ++i) {
    const auto index = static_cast<int>(i);
    const auto size = static_cast<size_t>(NumElements(session_->input_shape(index))) *
                      SizeOf(session_->input_type(index));
    if (sample[i].bytes.size() != size) {
      return absl::InvalidArgumentError(absl::StrCat("the sample's array ", i, " has ",
                                                     sample[i].bytes.size(),
                                                     " bytes; the network is trained with ", size));
    }
    std::memcpy(session_->input_data(index), sample[i].bytes.data(), size);
  }
  absl::Status status = session_->Run();
  if (!status.ok()) return status;
  for (size_t k = 0; k < values.size(); ++k) {
    const auto index = static_cast<int>(k);
    if (session_->output_type(index) == DataType::kBool) {
      const absl::Span<const bool> flags = session_->output<bool>(index);
      values[k].assign(flags.begin(), flags.end());
    } else {
      const absl::Span<const float> reals = session_->output<float>(index);
      values[k].assign(reals.begin(), reals.end());
    }
  }
  return absl::OkStatus();
}

}  // namespace octet
