#ifndef OCTET_TOOLS_TRAIN_CONV_GEOMETRY_H_
#define OCTET_TOOLS_TRAIN_CONV_GEOMETRY_H_

#include "tools/train/product.h"
#include "tools/train/window.h"

namespace octet {

// Sizes of a convolution.
struct ConvGeometry {
  SlidingWindow window;
  int64_t samples, groups, inputs, outputs;  // channels per group

  explicit ConvGeometry(const OpContext& context) {
    const auto& options = context.node.as<schema::ConvOptionsT>();
    const Shape &x = context.inputs[kX], &w = context.inputs[kW], &y = context.outputs[0];
    window = SlidingWindow::Of(options, absl::MakeConstSpan(w).subspan(2), x, y);
    samples = x[0];
    groups = options.groups;
    inputs = w[1];
    outputs = w[0] / groups;
  }

  ProductShape product() const { return {samples, groups * outputs, window.out_size()}; }
};

// A convolution with one input channel per group.
std::unique_ptr<TrainOp> MakeDepthwiseConv(const ConvGeometry& geometry);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_CONV_GEOMETRY_H_
