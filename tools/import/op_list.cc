#include "tools/import/op_list.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/import/onnx_file.h"
#include "tools/import/op.h"

namespace octet {
namespace {

// Kinds of elements, with the operators that take them. All others take floats.
struct TypeRow {
  const char* types;
  std::vector<std::string> ops;
};

const std::vector<TypeRow>& TypeRows() {
  static const auto* const rows = new std::vector<TypeRow>{
      {"any",
       {"Cast",
        "CastLike",
        "Compress",
        "Concat",
        "ConstantOfShape",
        "DepthToSpace",
        "Dropout",
        "Expand",
        "EyeLike",
        "Flatten",
        "Gather",
        "GatherElements",
        "GatherND",
        "Identity",
        "If",
        "Loop",
        "NonZero",
        "OneHot",
        "Pad",
        "Reshape",
        "Scan",
        "ScatterElements",
        "ScatterND",
        "Scatter",
        "Shape",
        "Size",
        "Slice",
        "SpaceToDepth",
        "Split",
        "Squeeze",
        "ReverseSequence",
        "Tile",
        "Transpose",
        "Trilu",
        "Unique",
        "Unsqueeze",
        "Where",
        "CenterCropPad",
        "TensorScatter",
        "ConcatFromSequence",
        "SequenceAt",
        "SequenceConstruct",
        "SequenceEmpty",
        "SequenceErase",
        "SequenceInsert",
        "SequenceLength",
        "SplitToSequence"}},
      {"numbers", {"Abs",       "Add",         "ArgMax", "ArgMin",    "Clip",      "CumProd",
                   "CumSum",    "Div",         "Einsum", "Equal",     "Greater",   "GreaterOrEqual",
                   "Less",      "LessOrEqual", "Max",    "Min",       "Mod",       "Mul",
                   "Neg",       "Pow",         "Range",  "ReduceMax", "ReduceMin", "ReduceProd",
                   "ReduceSum", "Relu",        "Sign",   "Sub",       "Sum",       "TopK",
                   "MatMul",    "Gemm"}},
      {"bool", {"And", "Not", "Or", "Xor"}},
      {"integers", {"BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor"}},
  };
  return *rows;
}

std::string TypesOf(const std::string& op) {
  for (const TypeRow& row : TypeRows()) {
    if (std::find(row.ops.begin(), row.ops.end(), op) != row.ops.end()) return row.types;
  }
  return "floats";
}

std::string Versions(const SupportedOp& op) {
  return op.first == op.last ? absl::StrCat(op.first) : absl::StrCat(op.first, " to ", op.last);
}

}  // namespace

std::vector<SupportedOp> SupportedOps() {
  std::vector<SupportedOp> ops;
  for (const importer::OpTable& table : importer::OpTables()) {
    const std::string domain = table.domain;
    for (const importer::OpRow& row : table.rows) {
      SupportedOp op;
      op.name = domain.empty() ? row.op : absl::StrCat(domain, ".", row.op);
      op.first = domain.empty() ? std::max(row.since, importer::kFirstOpset) : row.since;
      op.last = domain.empty() ? importer::kLastOpset : row.since;
      op.types = TypesOf(row.op);
      op.notes = row.notes;
      ops.push_back(std::move(op));
    }
  }
  std::sort(ops.begin(), ops.end(), [](const SupportedOp& a, const SupportedOp& b) {
    const bool a_other = a.name.find('.') != std::string::npos;
    const bool b_other = b.name.find('.') != std::string::npos;
    return a_other != b_other ? b_other : a.name < b.name;
  });
  return ops;
}

std::string SupportedOpsAsText() {
  std::string text =
      absl::StrFormat("%-32s %-9s %-9s %s\n", "operator", "versions", "types", "notes");
  for (const SupportedOp& op : SupportedOps()) {
    std::string line =
        absl::StrFormat("%-32s %-9s %-9s %s", op.name, Versions(op), op.types, op.notes);
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string SupportedOpsAsMarkdown() {
  std::string text = absl::StrCat(
      "# ONNX operators that can be imported\n\n"
      "Written by `octet import --list-ops --markdown` from the table in which the importer looks "
      "operators up; a test\n"
      "compares the two. What a model has beyond it is refused, all at once, with the names of the "
      "nodes.\n\n"
      "Operator sets ",
      importer::kFirstOpset, " to ", importer::kLastOpset,
      " are read. *floats*: float, float16, bfloat16 and double; *numbers*: these and integers of "
      "8 to 64 bits; *any*:\n"
      "these and bool. Strings, complex numbers, types of less than 8 bits, and sequences as "
      "inputs or outputs of a model are not\n"
      "supported.\n\n"
      "| operator | versions | types | notes |\n|---|---|---|---|\n");
  for (const SupportedOp& op : SupportedOps()) {
    absl::StrAppend(&text, "| ", op.name, " | ", Versions(op), " | ", op.types, " | ", op.notes,
                    " |\n");
  }
  return text;
}

}  // namespace octet
