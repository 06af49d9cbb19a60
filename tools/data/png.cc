#include <png.h>

#include <csetjmp>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tools/data/image.h"

namespace octet {
namespace {

// All that must survive a longjmp lies here, outside of the frame that setjmp returns to.
struct Decoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  absl::Span<const uint8_t> bytes;
  Image image;
  std::vector<png_bytep> rows;
  std::string message;
  bool too_large = false;

  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

void OnError(png_structp png, png_const_charp message) {
  static_cast<Decoder*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}

void OnWarning(png_structp, png_const_charp) {}

void OnRead(png_structp png, png_bytep out, size_t size) {
  auto* d = static_cast<Decoder*>(png_get_io_ptr(png));
  if (size > d->bytes.size()) png_error(png, "its data end too early");
  std::memcpy(out, d->bytes.data(), size);
  d->bytes.remove_prefix(size);
}

// False when libpng gave up; Decoder::message says why then.
bool Decode(Decoder& d) {
  if (setjmp(png_jmpbuf(d.png)) != 0) return false;
  png_set_read_fn(d.png, &d, OnRead);
  png_set_user_limits(d.png, static_cast<png_uint_32>(kMaxPixels),
                      static_cast<png_uint_32>(kMaxPixels));
  png_read_info(d.png, d.info);
  d.image.width = static_cast<int>(png_get_image_width(d.png, d.info));
  d.image.height = static_cast<int>(png_get_image_height(d.png, d.info));
  if (int64_t{d.image.width} * d.image.height > kMaxPixels) {
    d.too_large = true;
    return false;
  }
  png_set_expand(d.png);
  png_set_strip_16(d.png);
  png_set_strip_alpha(d.png);
  png_set_gray_to_rgb(d.png);
  png_set_interlace_handling(d.png);
  png_read_update_info(d.png, d.info);
  const size_t stride = static_cast<size_t>(d.image.width) * 3;
  if (png_get_rowbytes(d.png, d.info) != stride) png_error(d.png, "unexpected colour type");
  d.image.rgb.resize(stride * d.image.height);
  for (int y = 0; y < d.image.height; ++y) d.rows.push_back(d.image.rgb.data() + stride * y);
  png_read_image(d.png, d.rows.data());
  png_read_end(d.png, nullptr);
  return true;
}

}  // namespace

absl::StatusOr<Image> DecodePng(absl::Span<const uint8_t> bytes) {
  auto decoder = std::make_unique<Decoder>();
  Decoder& d = *decoder;
  d.bytes = bytes;
  d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, OnError, OnWarning);
  if (d.png == nullptr) return absl::InternalError("libpng does not fit the version compiled for");
  d.info = png_create_info_struct(d.png);
  if (d.info == nullptr) return absl::ResourceExhaustedError("no memory to decode a PNG");
  const bool ok = Decode(d);
  if (d.too_large) {
    return absl::InvalidArgumentError(absl::StrCat("the PNG has ", d.image.width, "x",
                                                   d.image.height, " pixels, more than the ",
                                                   kMaxPixels, " allowed"));
  }
  if (!ok) return absl::InvalidArgumentError(absl::StrCat("damaged PNG: ", d.message));
  return std::move(d.image);
}

}  // namespace octet
