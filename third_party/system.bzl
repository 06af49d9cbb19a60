"""Linker options for libraries that are installed in the system's default folders."""

def archives(names):
    """Links static archives, whatever the order in which they need each other."""
    return ["-Wl,--start-group"] + ["-l:lib%s.a" % name for name in names] + ["-Wl,--end-group"]

def shared(names):
    """Links shared libraries, but only into programs that use them."""
    return ["-Wl,--push-state,--as-needed"] + ["-l" + name for name in names] + ["-Wl,--pop-state"]
