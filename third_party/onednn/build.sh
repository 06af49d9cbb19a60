#!/bin/bash
# Builds oneDNN as one static library, once per machine.
#
#   third_party/onednn/build.sh [DIR]
#
# The result lies in a cache outside the checkout and serves every clone and every Bazel configuration. Its path is
# printed on stdout, progress goes to stderr. With DIR, links DIR/include and DIR/lib to it. See third_party/README.md.
set -euo pipefail
export LC_ALL=C

readonly VERSION=3.7.2
readonly SUITE=trixie
readonly ORIG="onednn_${VERSION}+ds.orig.tar.xz"
readonly ORIG_SHA256=0cc51ca26c1af6a2bb1e71e378e7046f3ceb3e71791ee9d4e246d50f904a6ea6
# Upstream's fixes between 3.7.2 and 3.7.3. Its checksum is pinned instead of the packaging tarball's, so that a new
# revision of Debian's packaging does not stop the build.
readonly PATCH=upstream-3.7.3.patch
readonly PATCH_SHA256=5aab2cac559ddc6c5d4411fa42b462003b93101c0c304e272b1d30ffd5a2218c

# Our own changes to the source, applied in the order of their names. Their contents are part of the cache's key.
PATCHES=("$(dirname "$(realpath "${BASH_SOURCE[0]}")")"/patches/*.patch)
readonly PATCHES

# Raise it when the steps below change in a way that the values above and the options do not show.
readonly RECIPE=1

readonly CMAKE_OPTIONS=(
  -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_INSTALL_LIBDIR=lib
  -DCMAKE_POSITION_INDEPENDENT_CODE=ON
  # Sections let the linker drop the kernels that nobody calls.
  "-DCMAKE_CXX_FLAGS=-ffunction-sections -fdata-sections"
  -DDNNL_LIBRARY_TYPE=STATIC
  -DDNNL_CPU_RUNTIME=THREADPOOL
  -DDNNL_GPU_RUNTIME=NONE
  -DONEDNN_BUILD_GRAPH=OFF
  -DDNNL_BUILD_TESTS=OFF
  -DDNNL_BUILD_EXAMPLES=OFF
  -DDNNL_BUILD_DOC=OFF
  -DDNNL_EXPERIMENTAL_UKERNEL=ON
  -DDNNL_ENABLE_WORKLOAD=INFERENCE
  "-DDNNL_ENABLE_PRIMITIVE=CONVOLUTION;MATMUL;POOLING;REORDER;SOFTMAX"
  -DDNNL_ENABLE_JIT_PROFILING=OFF
  -DDNNL_ENABLE_ITT_TASKS=OFF
)

readonly CXX=g++
readonly CC=gcc

log() { echo "onednn: $*" >&2; }
die() { log "error: $*"; exit 1; }

matches() { [[ -f $2 ]] && echo "$1  $2" | sha256sum --check --status; }

# The address of the Debian archive that this machine's apt already uses: of all the release files that apt would
# fetch, the one of a main suite, whose name has no "-updates" or "-security".
debian_mirror() {
  local suites='oldoldstable|oldstable|stable|testing|unstable|sid'
  suites+="|$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)"
  apt-get update --print-uris | sed -nE "s#^'(.*)/dists/($suites)/InRelease'.*#\1#p" | head -n 1
}

# download FOLDER: leaves $ORIG and $PATCH in FOLDER, fetched from the Debian archive by apt, which checks signatures.
download() {
  local folder=$1 work=$1/apt mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || die "apt knows no Debian mirror. Put $ORIG and $PATCH into $folder and run again."
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
  echo "deb-src $([[ -f $keyring ]] && echo "[signed-by=$keyring]") $mirror $SUITE main" > "$work/sources.list"
  local apt=(apt-get -q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=-
             -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=$(id -un)")
  log "downloading the source package from Debian $SUITE ($mirror)"
  "${apt[@]}" update >&2 || die "cannot read the list of source packages of Debian $SUITE"
  (cd "$work/source" && "${apt[@]}" source --download-only onednn >&2) || die "cannot download the source package onednn"

  local found
  found=$(cd "$work/source" && echo *.dsc)
  matches "$ORIG_SHA256" "$work/source/$ORIG" ||
    die "expected oneDNN $VERSION as $ORIG with SHA-256 $ORIG_SHA256, but Debian $SUITE delivered $found." \
        "Put the expected file into $folder and run again, or change VERSION and the checksums in ${BASH_SOURCE[0]}."
  tar -C "$work" -xf "$work/source"/onednn_*.debian.tar.* "debian/patches/$PATCH" && 
    matches "$PATCH_SHA256" "$work/debian/patches/$PATCH" ||
    die "expected $PATCH with SHA-256 $PATCH_SHA256 in the package, but $found does not have it"
  mv "$work/source/$ORIG" "$work/debian/patches/$PATCH" "$folder/"
  rm -rf "$work"
}

# build SOURCES RESULT
build() {
  local sources=$1 result=$2 work=$2.work
  rm -rf "$work"
  mkdir -p "$work/source"
  tar -C "$work/source" --strip-components=1 -xf "$sources/$ORIG"
  local change
  for change in "$sources/$PATCH" "${PATCHES[@]}"; do
    patch -d "$work/source" -p1 --quiet < "$change" >&2
  done
  log "building oneDNN $VERSION with $(nproc) jobs; about 26 CPU minutes, once per machine"
  # Flags meant for other builds must not leak into a library that all of them share.
  env -u CFLAGS -u CXXFLAGS -u CPPFLAGS -u LDFLAGS CC=$CC CXX=$CXX \
    cmake -S "$work/source" -B "$work/build" -G Ninja "${CMAKE_OPTIONS[@]}" "-DCMAKE_INSTALL_PREFIX=$work/install" >&2
  NINJA_STATUS="onednn: [%f/%t, %es] " ninja -C "$work/build" -j "$(nproc)" install >&2
  mv "$work/install" "$result"
  rm -rf "$work"
}

main() {
  local cache=${OCTET_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}
  local key result sources
  key=$({ echo "$RECIPE $VERSION $ORIG_SHA256 $PATCH_SHA256"; printf '%s\n' "${CMAKE_OPTIONS[@]}"
          cat "${PATCHES[@]}"; $CXX --version | head -n 1; uname -m; } | sha256sum | cut -c 1-12)
  result=$cache/onednn-$VERSION-$key
  sources=$cache/sources

  if [[ ! -d $result ]]; then
    mkdir -p "$sources"
    exec {lock}> "$result.lock"
    flock --nonblock "$lock" || { log "waiting for another build of oneDNN"; flock "$lock"; }
    if [[ ! -d $result ]]; then
      matches "$ORIG_SHA256" "$sources/$ORIG" && matches "$PATCH_SHA256" "$sources/$PATCH" || download "$sources"
      # The lock must not outlive this script in a child that survives it.
      (exec {lock}>&-; build "$sources" "$result")
      log "installed in $result"
    fi
    exec {lock}>&-
  fi

  if [[ $# -gt 0 ]]; then
    mkdir -p "$1"
    ln -sfn "$result/include" "$1/include"
    ln -sfn "$result/lib" "$1/lib"
  fi
  echo "$result"
}

main "$@"
