#pragma once

#include "mxcd/matrix/json.hpp"

#include "report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mxcd::app {

struct Entry;

/// A YAML value that knows where it was written.
struct Node {
    enum class Kind : std::uint8_t { null, scalar, sequence, mapping };

    Kind kind = Kind::null;
    Mark mark;
    std::string text;            // of a scalar
    bool is_quoted = false;      // a quoted scalar is text whatever it looks like
    std::vector<Node> items;     // of a sequence
    std::vector<Entry> entries;  // of a mapping, in the order of the file

    [[nodiscard]] const Node* find(std::string_view key) const;
    /// "a list", "a number", ... for messages.
    [[nodiscard]] std::string_view description() const;
};

struct Entry {
    std::string key;
    Mark mark;
    Node value;
};

/// Reads one YAML document. Duplicate keys are mistakes that name both lines; so are anything but one
/// document, tags, more than 100,000 nodes (aliases counted as what they stand for), more than 64 levels and
/// control bytes. Nothing when the text cannot be read at all. `file` is for messages.
[[nodiscard]] std::optional<Node> parse_yaml(std::string_view text, const std::string& file, Report& report);

/// `over` on top of `under`: mappings are merged by key, everything else is replaced.
void merge(Node& under, Node over);

/// How a scalar that is not quoted reads, by YAML 1.1 as Synapse's parser has it.
[[nodiscard]] std::optional<bool> as_bool(const Node& node);
[[nodiscard]] std::optional<std::int64_t> as_integer(const Node& node);
[[nodiscard]] std::optional<double> as_number(const Node& node);

[[nodiscard]] matrix::Json to_json(const Node& node);
/// The same as text, with the keys in the order of the file, which Json does not keep.
[[nodiscard]] std::string to_json_text(const Node& node);

}  // namespace mxcd::app
