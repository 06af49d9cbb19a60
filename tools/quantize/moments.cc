#include "tools/quantize/moments.h"

#include <algorithm>
#include <utility>

#include "runtime/core/graph.h"
#include "runtime/model_internal.h"

namespace octet {
namespace {

constexpr size_t kBufferBytes = size_t{8} << 20;
constexpr size_t kLeastPositions = 64;
constexpr size_t kMostPositions = 1024;

size_t CapacityFor(const LayerMatrix& matrix) {
  const size_t column = matrix.groups * matrix.depth * sizeof(float);
  return std::clamp(kBufferBytes / std::max<size_t>(column, 1), kLeastPositions, kMostPositions);
}

// A session that multiplies two inputs [groups, depth, positions] to [groups, depth, depth]; the
// second is transposed.
absl::StatusOr<std::unique_ptr<Session>> ProductSession(const LayerMatrix& matrix, size_t positions,
                                                        const ModelOptions& options) {
  const auto groups = static_cast<int64_t>(matrix.groups);
  const auto depth = static_cast<int64_t>(matrix.depth);
  Graph graph;
  const auto tensor = [&](const char* name, int64_t columns) {
    Tensor t;
    t.name = name;
    t.type = DataType::kF32;
    t.shape = {groups, depth, columns};
    return graph.AddTensor(std::move(t));
  };
  graph.inputs = {tensor("left", static_cast<int64_t>(positions)),
                  tensor("right", static_cast<int64_t>(positions))};
  graph.outputs = {tensor("product", depth)};
  schema::MatMulOptionsT product;
  product.transpose_b = true;
  graph.AddNode("product", std::move(product), graph.inputs, graph.outputs);
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(std::move(graph), options);
  if (!model.ok()) return model.status();
  return (*model)->NewSession();
}

}  // namespace

MomentCollector::MomentCollector(const LayerMatrix& matrix, std::unique_ptr<Session> product,
                                 size_t capacity)
    : rows_(matrix.groups * matrix.depth),
      depth_(matrix.depth),
      capacity_(capacity),
      product_(std::move(product)),
      patches_(rows_ * capacity) {
  sums_.mean.resize(rows_);
  if (product_ != nullptr) sums_.covariance.resize(rows_ * depth_);
}

absl::StatusOr<std::unique_ptr<MomentCollector>> MomentCollector::Create(
    const LayerMatrix& matrix, bool covariance, const ModelOptions& options) {
  const size_t capacity = CapacityFor(matrix);
  std::unique_ptr<Session> session;
  if (covariance) {
    absl::StatusOr<std::unique_ptr<Session>> made = ProductSession(matrix, capacity, options);
    if (!made.ok()) return made.status();
    session = *std::move(made);
  }
  return std::unique_ptr<MomentCollector>(
      new MomentCollector(matrix, std::move(session), capacity));
}

size_t MomentCollector::BytesFor(const LayerMatrix& matrix, bool covariance) {
  const size_t rows = matrix.groups * matrix.depth;
  const size_t buffers = covariance ? 3 : 1;  // with the session's
  const size_t squares = covariance ? 2 : 0;
  return sizeof(float) * rows * (buffers * CapacityFor(matrix) + squares * matrix.depth);
}

absl::Status MomentCollector::Add(const PatchReader& patches, absl::Span<const float> input,
                                  absl::Span<const size_t> positions) {
  for (size_t done = 0; done < positions.size();) {
    const size_t n = std::min(positions.size() - done, capacity_ - filled_);
    patches.Read(input, positions.subspan(done, n), patches_.data() + filled_, capacity_);
    filled_ += n;
    done += n;
    if (filled_ < capacity_) continue;
    absl::Status status = Flush();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MomentCollector::Flush() {
  for (size_t r = 0; r < rows_; ++r) {
    float* row = patches_.data() + r * capacity_;
    std::fill(row + filled_, row + capacity_, 0.0f);
    double sum = 0;
    for (size_t i = 0; i < filled_; ++i) sum += row[i];
    sums_.mean[r] += sum;
  }
  count_ += static_cast<double>(filled_);
  filled_ = 0;
  if (product_ == nullptr) return absl::OkStatus();
  for (int side : {0, 1})
    std::copy(patches_.begin(), patches_.end(), product_->input<float>(side).begin());
  absl::Status status = product_->Run();
  if (!status.ok()) return status;
  const absl::Span<const float> product = product_->output<float>(0);
  for (size_t i = 0; i < product.size(); ++i) sums_.covariance[i] += product[i];
  return absl::OkStatus();
}

absl::StatusOr<InputMoments> MomentCollector::Finish() {
  absl::Status status = Flush();
  if (!status.ok()) return status;
  const double inverse = count_ > 0 ? 1 / count_ : 0;
  for (double& mean : sums_.mean) mean *= inverse;
  for (size_t i = 0; i < sums_.covariance.size(); ++i) {
    const size_t row = i / depth_;
    const size_t column = row / depth_ * depth_ + i % depth_;
    sums_.covariance[i] =
        static_cast<float>(sums_.covariance[i] * inverse - sums_.mean[row] * sums_.mean[column]);
  }
  return std::move(sums_);
}

}  // namespace octet
