#ifndef OCTET_TOOLS_CLI_PICTURE_FLAGS_H_
#define OCTET_TOOLS_CLI_PICTURE_FLAGS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "runtime/core/graph.h"
#include "tools/cli/flags.h"

namespace octet::cli {

// Flags that say how pictures become a model's input and what its classes are called.
struct PictureFlags {
  int64_t resize = 0;
  int64_t crop = 0;
  std::string mean;
  std::string std;
  std::string pixel_order;
  std::string labels;  // path of a file with one name per line

  void Register(FlagSet& flags);

  // Stores what was given in the graph; changes nothing when nothing was. UsageError when the
  // values make no sense for the graph's input.
  absl::Status ApplyTo(Graph& graph) const;

 private:
  bool describes_pictures() const {
    return resize > 0 || crop > 0 || !mean.empty() || !std.empty() || !pixel_order.empty();
  }
};

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_PICTURE_FLAGS_H_
