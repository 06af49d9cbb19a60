#ifndef OCTET_TOOLS_TRAIN_PATCHES_H_
#define OCTET_TOOLS_TRAIN_PATCHES_H_

#include <cstdint>

#include "tools/train/window.h"

namespace octet {

// Lays out what the window sees: `patches` has a row for each of `channels` and tap, and a column
// for each position. Padding is 0.
void Unroll(const SlidingWindow& window, int64_t channels, const float* x, float* patches);

// Adds what is laid out to the elements of x, where patches overlap the sum.
void AddRolled(const SlidingWindow& window, int64_t channels, const float* patches, float* x);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_PATCHES_H_
