"""The optional folder of models and pictures that stands beside the checkout."""

def _impl(ctx):
    folder = ctx.path(Label("//:WORKSPACE")).dirname.dirname.get_child("shared")
    if folder.exists:
        ctx.symlink(folder, "shared")
    ctx.file("BUILD.bazel", """filegroup(
    name = "files",
    srcs = glob(["shared/**"], allow_empty = True),
    visibility = ["//visibility:public"],
)
""")

# @shared//:files is everything in ../shared, or nothing where that folder is missing.
shared_folder = repository_rule(
    implementation = _impl,
    local = True,
)
