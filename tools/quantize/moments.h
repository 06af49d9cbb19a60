#ifndef OCTET_TOOLS_QUANTIZE_MOMENTS_H_
#define OCTET_TOOLS_QUANTIZE_MOMENTS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "tools/quantize/layer_matrix.h"

namespace octet {

// What is known of a layer's inputs x. Index d of group g is [g * depth + d].
struct InputMoments {
  std::vector<double> mean;
  // Empty unless asked for, else [groups, depth, depth]: E[(x - E x) (x - E x)'].
  std::vector<float> covariance;
};

// Adds up the moments of a layer's patches. Sums of products are matrix products on the executor.
// Not thread-safe.
class MomentCollector {
 public:
  // `covariance`: whether to compute it.
  static absl::StatusOr<std::unique_ptr<MomentCollector>> Create(const LayerMatrix& matrix,
                                                                 bool covariance,
                                                                 const ModelOptions& options);

  // Bytes that a collector needs.
  static size_t BytesFor(const LayerMatrix& matrix, bool covariance);

  // Takes notice of the patches of `input` at `positions`.
  absl::Status Add(const PatchReader& patches, absl::Span<const float> input,
                   absl::Span<const size_t> positions);

  // Call once. Zeros when nothing was added.
  absl::StatusOr<InputMoments> Finish();

 private:
  MomentCollector(const LayerMatrix& matrix, std::unique_ptr<Session> product, size_t capacity);

  absl::Status Flush();

  size_t rows_;  // groups * depth
  size_t depth_;
  size_t capacity_;  // positions that are kept until they are multiplied
  size_t filled_ = 0;
  double count_ = 0;
  std::unique_ptr<Session> product_;  // x x', or null
  std::vector<float> patches_;        // [rows, capacity]
  InputMoments sums_;
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_MOMENTS_H_
