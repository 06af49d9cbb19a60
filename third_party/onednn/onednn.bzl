"""Makes oneDNN, built once per machine by build.sh, available as @onednn//:onednn."""

def _onednn_repository_impl(ctx):
    ctx.report_progress("building oneDNN (once per machine)")
    for patch in ctx.attr._patches:
        ctx.path(patch)  # fetch again when it changes
    result = ctx.execute(
        [ctx.path(ctx.attr._script), ctx.path(".")],
        timeout = 2 * 60 * 60,
        quiet = False,
    )
    if result.return_code != 0:
        fail("third_party/onednn/build.sh failed; its messages are above")
    ctx.symlink(ctx.attr._build_file, "BUILD.bazel")

onednn_repository = repository_rule(
    implementation = _onednn_repository_impl,
    attrs = {
        "_build_file": attr.label(default = "//third_party/onednn:onednn.BUILD"),
        "_patches": attr.label_list(default = [
            "//third_party/onednn:patches/" + patch
            for patch in [
                "convolution-compensation.patch",
                "execution-arguments.patch",
                "gemm-work-memory.patch",
                "parallel-sections.patch",
            ]
        ]),
        "_script": attr.label(default = "//third_party/onednn:build.sh"),
    },
    doc = "Runs build.sh, whose result lies outside Bazel's output so that `clean --expunge` and new clones keep it.",
    environ = ["HOME", "OCTET_CACHE_DIR", "XDG_CACHE_HOME"],
)
