#include "kernels/simd/patches.h"

#include <algorithm>
#include <cstring>

namespace octet {
namespace simd {

Patches::Patches(const ConvGeometry& g, int element_bytes) : g_(g) {
  g_.c *= element_bytes;
  group_channels_ = g_.c / g.groups;
  whole_lines_ = g.groups == 1 && (g.dw == 1 || g.kw == 1);
  segments_ = whole_lines_ ? g.kh : g.kh * g.kw;
  segment_bytes_ = whole_lines_ ? g.kw * g_.c : group_channels_;
  padded_bytes_ = (segment_bytes_ + 3) / 4 * 4;
  dense_ = g.groups == 1 && g.kh == 1 && g.kw == 1 && g.sh == 1 && g.sw == 1 && g.oh == g.h &&
           g.ow == g.w;
}

size_t Patches::copy_bytes(int64_t count) const {
  // Of a dense image, only the last rows are copied: those whose last group would reach beyond it.
  const int64_t copies = dense_ ? std::min<int64_t>(count, 4) : count * segments_;
  return static_cast<size_t>(copies * padded_bytes_);
}

void Patches::FindDense(const uint8_t* x, int64_t first, int64_t count, const uint8_t** table,
                        uint8_t* copies) const {
  const uint8_t* end = x + g_.n * g_.h * g_.w * g_.c;
  const uint8_t* row = x + first * g_.c;
  for (int64_t i = 0; i < count; ++i, row += g_.c) table[i] = row;
  for (int64_t i = count - 1; i >= 0 && table[i] + padded_bytes_ > end; --i) {
    std::memcpy(copies, table[i], static_cast<size_t>(g_.c));
    table[i] = copies;
    copies += padded_bytes_;
  }
}

// Copies the segment that begins at column `ix` of the line; columns may lie outside.
const uint8_t* Patches::Copy(const uint8_t* line, int64_t ix, uint8_t padding, uint8_t* to) const {
  const int64_t columns = whole_lines_ ? g_.kw : 1;
  const int64_t begin = std::min(std::max<int64_t>(0, -ix), columns);
  const int64_t end = std::max(begin, std::min(columns, g_.w - ix));
  const auto width = static_cast<size_t>(group_channels_);
  std::memset(to, padding, static_cast<size_t>(begin) * width);
  if (end > begin) {
    std::memcpy(to + begin * group_channels_, line + (ix + begin) * g_.c,
                static_cast<size_t>(end - begin) * width);
  }
  std::memset(to + end * group_channels_, padding, static_cast<size_t>(columns - end) * width);
  return to;
}

// The segments at kernel line `ky` and tap `kx` of `count` pixels that are neighbours in one output
// row.
void Patches::FindRun(const uint8_t* x, const uint8_t* padding, int64_t group, const Run& run,
                      int64_t ky, int64_t kx, const uint8_t** entries, uint8_t*& copies) const {
  const int64_t iy = run.oy * g_.sh - g_.pad_top + ky * g_.dh;
  if (iy < 0 || iy >= g_.h) {
    std::fill_n(entries, run.count, padding);
    return;
  }
  const uint8_t* line = x + (run.image * g_.h + iy) * g_.w * g_.c + group * group_channels_;
  const uint8_t* image_end = x + g_.n * g_.h * g_.w * g_.c;
  const int64_t columns = whole_lines_ ? g_.kw : 1;
  int64_t ix = run.ox * g_.sw - g_.pad_left + kx * g_.dw;
  int64_t last = g_.w - columns;  // column at which a segment inside may begin
  while (last >= 0 && line + last * g_.c + padded_bytes_ > image_end) --last;
  int64_t i = 0;
  for (; i < run.count && ix < 0; ++i, ix += g_.sw, copies += padded_bytes_) {
    entries[i] = Copy(line, ix, *padding, copies);
  }
  const uint8_t* segment = line + ix * g_.c;
  for (; i < run.count && ix <= last; ++i, ix += g_.sw, segment += g_.sw * g_.c)
    entries[i] = segment;
  for (; i < run.count; ++i, ix += g_.sw, copies += padded_bytes_)
    entries[i] = Copy(line, ix, *padding, copies);
}

void Patches::Find(const uint8_t* x, const Padding& padding, int64_t group, int64_t first,
                   int64_t count, const uint8_t** table, uint8_t* copies) const {
  if (dense_) return FindDense(x, first, count, table, copies);
  const int64_t taps = whole_lines_ ? 1 : g_.kw;  // segments of a line of the kernel
  Run run = {first / g_.ow / g_.oh, first / g_.ow % g_.oh, first % g_.ow, 0};
  for (int64_t done = 0; done < count; done += run.count) {
    run.count = std::min(count - done, g_.ow - run.ox);
    for (int64_t segment = 0; segment < segments_; ++segment) {
      FindRun(x, padding.bytes + run.image * padding.stride, group, run, segment / taps,
              segment % taps, table + segment * count + done, copies);
    }
    run.ox = 0;
    if (++run.oy == g_.oh) {
      run.oy = 0;
      ++run.image;
    }
  }
}

}  // namespace simd
}  // namespace octet
