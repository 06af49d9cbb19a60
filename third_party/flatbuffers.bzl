"""C++ code for FlatBuffers schemas."""

def flatbuffer_cc_library(name, src, **kwargs):
    """Makes a cc_library with the generated header of one schema.

    The header of `schema/model.fbs` is included as "schema/model_generated.h".

    Args:
      name: of the cc_library.
      src: the .fbs file.
      **kwargs: passed on to the cc_library.
    """
    header = src.replace(".fbs", "_generated.h")

    # flatc adds the names MIN and MAX, its first and last value, to every enumeration, where they would pass for
    # kinds of operators.
    drop_bounds = "sed -i -E '/^  (MIN|MAX) = [A-Za-z]\\w*,?$$/d' $@"
    native.genrule(
        name = name + "_header",
        srcs = [src],
        outs = [header],
        cmd = "flatc --cpp --cpp-std c++17 --scoped-enums --gen-object-api -o $(@D) $< && " + drop_bounds,
    )
    native.cc_library(
        name = name,
        hdrs = [header],
        deps = ["//third_party:flatbuffers"],
        **kwargs
    )
