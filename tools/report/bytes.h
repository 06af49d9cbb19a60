#ifndef OCTET_TOOLS_REPORT_BYTES_H_
#define OCTET_TOOLS_REPORT_BYTES_H_

#include <cstdint>
#include <string>

namespace octet {

// "512 bytes", "1.5 KiB", "12.34 MiB": units of 1,024 and 1,024 * 1,024 bytes.
std::string FormatBytes(uint64_t bytes);

}  // namespace octet

#endif  // OCTET_TOOLS_REPORT_BYTES_H_
