#ifndef OCTET_TOOLS_IMPORT_SCOPE_H_
#define OCTET_TOOLS_IMPORT_SCOPE_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "runtime/core/graph.h"
#include "tools/import/builder.h"

namespace octet::importer {

// The tensors that the nodes of one ONNX graph or function can name. Pointers to values stay valid
// as long as the scope.
class Scope {
 public:
  // A tensor of the outer graph that a subgraph reads, as input number i of the subgraph.
  struct Captured {
    std::string name;
    TensorId outer;
  };

  // `builder` makes the graph that the nodes become part of. Names that this scope does not have
  // are looked up in `outer`, which may be null; where it belongs to another graph, they become
  // inputs of this one. Both must outlive the scope.
  Scope(GraphBuilder& builder, Scope* outer) : builder_(builder), outer_(outer) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  GraphBuilder& builder() { return builder_; }

  // Null when no scope has the name.
  Value* Find(const std::string& name);
  Value& Set(const std::string& name, Value value) { return values_[name] = std::move(value); }
  // Makes `name` another name of a value; null: of an absent one.
  void SetAlias(const std::string& name, Value* value) { aliases_[name] = value; }

  // Makes a tensor of the outer graph an input, whether it is needed or not.
  void Capture(const std::string& name);

  // In order of the inputs that they became.
  const std::vector<Captured>& captures() const { return captures_; }

 private:
  Value* Import(const std::string& name, Value& outer);
  Value* ImportSequence(const std::string& name, const Value& outer);

  GraphBuilder& builder_;
  Scope* outer_;
  absl::node_hash_map<std::string, Value> values_;
  absl::flat_hash_map<std::string, Value*> aliases_;
  std::vector<Captured> captures_;
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_SCOPE_H_
