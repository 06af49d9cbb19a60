#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/open/slices.h"

namespace octet {
namespace {

struct Box {
  float left, top, right, bottom;
  float area() const { return (right - left) * (bottom - top); }
};

Box BoxOf(const float* numbers, bool center_point) {
  if (center_point) {
    const float half_width = numbers[2] / 2, half_height = numbers[3] / 2;
    return {numbers[0] - half_width, numbers[1] - half_height, numbers[0] + half_width,
            numbers[1] + half_height};
  }
  // (y1, x1, y2, x2): any two opposite corners.
  return {std::min(numbers[1], numbers[3]), std::min(numbers[0], numbers[2]),
          std::max(numbers[1], numbers[3]), std::max(numbers[0], numbers[2])};
}

// Intersection over union; 0 for boxes without area.
float Overlap(const Box& a, const Box& b) {
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0 || a.area() <= 0 || b.area() <= 0) return 0;
  const float common = width * height;
  return common / (a.area() + b.area() - common);
}

struct Limits {
  int64_t count = 0;
  float overlap = 0;
  float least_score = -std::numeric_limits<float>::infinity();
};

absl::StatusOr<Limits> ReadLimits(absl::Span<const OpenOperand> inputs) {
  Limits limits;
  for (size_t i = 2; i < inputs.size(); ++i) {
    if (!inputs[i].present()) continue;
    if (NumElements(inputs[i].shape) != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("a limit is ", ToString(inputs[i].shape), ", not one number"));
    }
    if (i == 2) {
      limits.count = inputs[i].type == DataType::kS32 ? inputs[i].as<int32_t>()[0]
                                                      : inputs[i].as<int64_t>()[0];
    } else {
      (i == 3 ? limits.overlap : limits.least_score) = inputs[i].as<float>()[0];
    }
  }
  return limits;
}

// Indices of the boxes of one class that are kept, best first.
std::vector<int64_t> Select(const std::vector<Box>& boxes, const float* scores,
                            const Limits& limits) {
  std::vector<int64_t> order;
  for (size_t i = 0; i < boxes.size(); ++i) {
    if (scores[i] > limits.least_score) order.push_back(static_cast<int64_t>(i));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  std::vector<int64_t> kept;
  for (int64_t candidate : order) {
    if (static_cast<int64_t>(kept.size()) >= limits.count) break;
    const Box& box = boxes[static_cast<size_t>(candidate)];
    const bool drops = std::any_of(kept.begin(), kept.end(), [&](int64_t other) {
      return Overlap(box, boxes[static_cast<size_t>(other)]) > limits.overlap;
    });
    if (!drops) kept.push_back(candidate);
  }
  return kept;
}

}  // namespace

absl::Status RunNonMaxSuppression(const Node& node, absl::Span<const OpenOperand> inputs,
                                  OpenResults& results) {
  const bool center_point = node.as<schema::NonMaxSuppressionOptionsT>().center_point;
  const OpenOperand &boxes = inputs[0], &scores = inputs[1];
  const Shape &b = boxes.shape, &s = scores.shape;
  if (b.size() != 3 || b[2] != 4 || s.size() != 3 || s[0] != b[0] || s[2] != b[1]) {
    return absl::InvalidArgumentError(absl::StrCat("boxes are ", ToString(b), " and scores ",
                                                   ToString(s),
                                                   "; expected [N, M, 4] and [N, classes, M]"));
  }
  const absl::StatusOr<Limits> limits = ReadLimits(inputs);
  if (!limits.ok()) return limits.status();
  const int64_t count = b[1], classes = s[1];
  std::vector<int64_t> found;
  for (int64_t n = 0; n < b[0]; ++n) {
    std::vector<Box> all;
    for (int64_t i = 0; i < count; ++i) {
      all.push_back(BoxOf(boxes.as<float>().data() + (n * count + i) * 4, center_point));
    }
    for (int64_t c = 0; c < classes; ++c) {
      const float* of_class = scores.as<float>().data() + (n * classes + c) * count;
      for (int64_t box : Select(all, of_class, *limits)) found.insert(found.end(), {n, c, box});
    }
  }
  void* y = results.Allocate(0, {static_cast<int64_t>(found.size() / 3), 3});
  if (y == nullptr) return NoMemoryForResult();
  if (!found.empty()) std::memcpy(y, found.data(), found.size() * sizeof(int64_t));
  return absl::OkStatus();
}

}  // namespace octet
