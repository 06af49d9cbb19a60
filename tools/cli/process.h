#ifndef OCTET_TOOLS_CLI_PROCESS_H_
#define OCTET_TOOLS_CLI_PROCESS_H_

#include <cstdint>

namespace octet::cli {

// Memory of this process that is in RAM now, and the most there ever was, in MiB. 0 where the
// system does not tell.
double ResidentMib();
double PeakResidentMib();

// Nanoseconds of a clock that never goes back.
int64_t NowNs();

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_PROCESS_H_
