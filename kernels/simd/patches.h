#ifndef OCTET_KERNELS_SIMD_PATCHES_H_
#define OCTET_KERNELS_SIMD_PATCHES_H_

#include <cstddef>
#include <cstdint>

#include "kernels/simd/geometry.h"

namespace octet {
namespace simd {

// Finds the bytes under the kernel for output pixels, as segments (see gemm.h): lines of the kernel
// where a line is contiguous in memory, else single taps. Segments lie in the image where they can;
// those that reach over its edge are copied with padding.
class Patches {
 public:
  // `element_bytes`: of the image's elements.
  explicit Patches(const ConvGeometry& geometry, int element_bytes = 1);

  int64_t segments() const { return segments_; }
  // Bytes of a segment that meet weights, and rounded up to groups of four.
  int64_t segment_bytes() const { return segment_bytes_; }
  int64_t padded_bytes() const { return padded_bytes_; }
  // Output pixels of all images.
  int64_t pixels() const { return g_.n * g_.oh * g_.ow; }

  // Bytes that Find copies to at most for `count` pixels.
  size_t copy_bytes(int64_t count) const;

  // What lies outside of images: padded_bytes() bytes, all alike, for image i at bytes + i *
  // stride.
  struct Padding {
    const uint8_t* bytes;
    int64_t stride;
  };

  // Sets table[s * count + i] to segment s of pixel first + i, channels of `group`, in the images
  // `x`.
  void Find(const uint8_t* x, const Padding& padding, int64_t group, int64_t first, int64_t count,
            const uint8_t** table, uint8_t* copies) const;

 private:
  // Pixels that are neighbours in one output row.
  struct Run {
    int64_t image, oy, ox, count;
  };

  void FindDense(const uint8_t* x, int64_t first, int64_t count, const uint8_t** table,
                 uint8_t* copies) const;
  void FindRun(const uint8_t* x, const uint8_t* padding, int64_t group, const Run& run, int64_t ky,
               int64_t kx, const uint8_t** entries, uint8_t*& copies) const;
  const uint8_t* Copy(const uint8_t* line, int64_t ix, uint8_t padding, uint8_t* to) const;

  ConvGeometry g_;    // with channels counted in bytes
  bool dense_;        // pixels of the image are the rows, one after the other
  bool whole_lines_;  // a segment is a line of the kernel
  int64_t segments_, segment_bytes_, padded_bytes_, group_channels_;
};

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_PATCHES_H_
