"""Makes the Python packages of a requirements.txt importable. Uses Python's own library alone."""
import hashlib, os, shutil, subprocess, sys, tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements.txt"


def skip(why):
    """Ends the test as skipped."""
    print("SKIPPED: " + why)
    sys.exit(0)


def _cache():
    """Where packages are kept between runs: OCTET_CACHE_DIR or its default, as for ./bazelw."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser(), "octet")
    return Path(os.environ.get("OCTET_CACHE_DIR") or default)


def _install(requirements, target):
    """Installs the packages into the new folder `target`, in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="packages-", dir=target.parent))
    pip = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                          "--only-binary=:all:", "--require-hashes", "--target", work / "site", "-r", requirements],
                         capture_output=True, text=True)
    if pip.returncode == 0 and not target.exists():
        (work / "site").rename(target)
    shutil.rmtree(work)
    if pip.returncode == 0:
        return
    if "DO NOT MATCH THE HASHES" in pip.stderr:
        sys.exit(pip.stderr)
    skip(f"packages cannot be downloaded: {pip.stderr.strip()}")


def use_packages(requirements=REQUIREMENTS, name="onnx"):
    """Puts the packages on the module path and returns their folder; ends the test as skipped when they cannot be
    downloaded."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    name = f"{name}-{digest}-py{sys.version_info.major}.{sys.version_info.minor}"
    target = _cache() / name
    if not target.exists():
        try:
            _install(requirements, target)
        except OSError:
            # A test may not be allowed to write there.
            target = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")), name)
            _install(requirements, target)
    sys.path.insert(0, str(target))
    return target
