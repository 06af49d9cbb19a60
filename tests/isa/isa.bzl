"""Runs a test again on older instruction sets."""

ISAS = ["AVX2", "AVX2_VNNI", "AVX512_CORE_VNNI"]

def isa_tests(test, size = "medium"):
    """Declares one more run of `test`, a label of this package, per instruction set in ISAS.

    The cap is oneDNN's environment variable, which the whole runtime obeys.
    """
    for isa in ISAS:
        native.sh_test(
            name = "%s_%s" % (test.lstrip(":"), isa.lower()),
            size = size,
            srcs = ["//tests/isa:with_isa.sh"],
            args = [isa, "$(location %s)" % test],
            data = [test],
        )
