#include <csetjmp>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tools/data/image.h"

// These headers depend on <cstdio>, and the second one on the first.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

namespace octet {
namespace {

// A progressive file may repeat scans without end; real ones have about ten.
constexpr int kMaxScans = 500;

// libjpeg reports errors through function pointers of this struct, and leaves by longjmp.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  bool truncated;
};

void OnError(j_common_ptr info) {
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->escape, 1);
}

void OnMessage(j_common_ptr info, int level) {
  if (level >= 0) return;
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  const int code = info->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) errors->truncated = true;
}

void OnProgress(j_common_ptr info) {
  auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
  if (decoder->input_scan_number <= kMaxScans) return;
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  std::snprintf(errors->message, sizeof(errors->message), "more than %d scans", kMaxScans);
  std::longjmp(errors->escape, 1);
}

// All that must survive a longjmp lies here, outside of the frame that setjmp returns to.
struct Decoder {
  jpeg_decompress_struct info = {};
  ErrorManager errors = {};
  jpeg_progress_mgr progress = {};
  Image image;
  std::vector<uint8_t> row;  // CMYK only
  int orientation = 1;
  bool too_large = false;

  Decoder() {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = OnError;
    errors.base.emit_message = OnMessage;
    progress.progress_monitor = OnProgress;
  }
  ~Decoder() { jpeg_destroy_decompress(&info); }
};

// Adobe programs store CMYK inverted: 255 is no ink.
void CmykToRgb(const uint8_t* from, int width, bool inverted, uint8_t* to) {
  const int flip = inverted ? 0 : 255;
  for (int x = 0; x < width; ++x, from += 4) {
    const int k = from[3] ^ flip;
    for (int c = 0; c < 3; ++c) *to++ = static_cast<uint8_t>(((from[c] ^ flip) * k + 127) / 255);
  }
}

void ReadRows(Decoder& d) {
  const size_t stride = static_cast<size_t>(d.image.width) * 3;
  const bool cmyk = d.info.out_color_space == JCS_CMYK;
  while (d.info.output_scanline < d.info.output_height) {
    uint8_t* out = d.image.rgb.data() + stride * d.info.output_scanline;
    JSAMPROW target = cmyk ? d.row.data() : out;
    jpeg_read_scanlines(&d.info, &target, 1);
    if (cmyk) CmykToRgb(d.row.data(), d.image.width, d.info.saw_Adobe_marker, out);
  }
}

// False when libjpeg gave up; errors.message says why then.
bool Decode(Decoder& d, absl::Span<const uint8_t> bytes) {
  if (setjmp(d.errors.escape) != 0) return false;
  jpeg_create_decompress(&d.info);
  d.info.progress = &d.progress;
  jpeg_mem_src(&d.info, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_save_markers(&d.info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&d.info, TRUE);
  d.image.width = static_cast<int>(d.info.image_width);
  d.image.height = static_cast<int>(d.info.image_height);
  if (int64_t{d.image.width} * d.image.height > kMaxPixels) {
    d.too_large = true;
    return false;
  }
  for (auto* m = d.info.marker_list; m != nullptr && d.orientation == 1; m = m->next) {
    d.orientation = ExifOrientation({m->data, m->data_length});
  }
  const bool cmyk = d.info.num_components == 4;
  d.info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&d.info);
  if (cmyk) d.row.resize(static_cast<size_t>(d.image.width) * 4);
  d.image.rgb.resize(static_cast<size_t>(d.image.width) * d.image.height * 3);
  ReadRows(d);
  jpeg_finish_decompress(&d.info);
  return true;
}

}  // namespace

absl::StatusOr<Image> DecodeJpeg(absl::Span<const uint8_t> bytes) {
  auto decoder = std::make_unique<Decoder>();
  const bool ok = Decode(*decoder, bytes);
  if (decoder->too_large) {
    return absl::InvalidArgumentError(absl::StrCat("the JPEG has ", decoder->image.width, "x",
                                                   decoder->image.height, " pixels, more than the ",
                                                   kMaxPixels, " allowed"));
  }
  if (!ok)
    return absl::InvalidArgumentError(absl::StrCat("damaged JPEG: ", decoder->errors.message));
  if (decoder->errors.truncated) {
    return absl::InvalidArgumentError("damaged JPEG: its data end too early");
  }
  return ApplyOrientation(std::move(decoder->image), decoder->orientation);
}

}  // namespace octet
