#include "yaml_tree.hpp"

#include "mxcd/base/text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <sstream>
#include <utility>

namespace mxcd::app {

namespace {

constexpr std::size_t max_nodes = 100'000;
constexpr std::size_t max_depth = 64;
constexpr std::size_t max_file_bytes = 1024 * 1024;

std::size_t count_nodes(const Node& node) {
    std::size_t count = 1;
    for (const Node& item : node.items) count += count_nodes(item);
    for (const Entry& entry : node.entries) count += count_nodes(entry.value);
    return count;
}

std::size_t depth_of(const Node& node) {
    std::size_t depth = 0;
    for (const Node& item : node.items) depth = std::max(depth, depth_of(item));
    for (const Entry& entry : node.entries) depth = std::max(depth, depth_of(entry.value));
    return depth + 1;
}

/// Ends the reading of a file.
struct Unreadable {
    Remark remark;
};

/// Builds the tree from the parser's events, within its budget.
class TreeBuilder final : public YAML::EventHandler {
  public:
    TreeBuilder(std::string file, Report& report) : file_(std::move(file)), report_(report) {}

    [[nodiscard]] Node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        finish(make(Node::Kind::null, mark), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            throw Unreadable{{place(mark), path(), "an alias to something that is not finished", ""}};
        spend(count_nodes(found->second), place(mark));
        require_depth(levels_.size() + depth_of(found->second), place(mark));
        Node copy = found->second;
        copy.mark = place(mark);
        finish(std::move(copy), 0);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        require_plain_tag(mark, tag);
        Node node = make(Node::Kind::scalar, mark);
        node.text = value;
        node.is_quoted = tag != "?" && !tag.empty();
        finish(std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        require_plain_tag(mark, tag);
        open(make(Node::Kind::sequence, mark), anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        require_plain_tag(mark, tag);
        open(make(Node::Kind::mapping, mark), anchor);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Level {
        Node node;
        YAML::anchor_t anchor = 0;
        std::optional<Node> key;  // of a mapping, while its value is on the way
    };

    [[nodiscard]] Mark place(const YAML::Mark& mark) const { return Mark{file_, mark.line + 1}; }

    Node make(Node::Kind kind, const YAML::Mark& mark) {
        Node node;
        node.kind = kind;
        node.mark = place(mark);
        spend(1, node.mark);
        return node;
    }

    void spend(std::size_t nodes, const Mark& where) {
        if (nodes > max_nodes - spent_)
            throw Unreadable{{where, "", "the file has more than 100000 values", ""}};
        spent_ += nodes;
    }

    static void require_depth(std::size_t depth, const Mark& where) {
        if (depth > max_depth) throw Unreadable{{where, "", "more than 64 levels of nesting", ""}};
    }

    void require_plain_tag(const YAML::Mark& mark, const std::string& tag) const {
        if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return;
        throw Unreadable{{place(mark), path(), "YAML tags are not supported", ""}};
    }

    [[nodiscard]] std::string path() const {
        std::string text;
        for (const Level& level : levels_) {
            if (level.node.kind == Node::Kind::sequence)
                text += "[" + std::to_string(level.node.items.size()) + "]";
            if (level.key) text += (text.empty() ? "" : ".") + level.key->text;
        }
        return text;
    }

    void open(Node node, YAML::anchor_t anchor) {
        require_depth(levels_.size() + 1, node.mark);
        if (expects_key()) throw Unreadable{{node.mark, path(), "a key must be text", ""}};
        levels_.push_back(Level{std::move(node), anchor, std::nullopt});
    }

    void close() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        finish(std::move(level.node), level.anchor);
    }

    [[nodiscard]] bool expects_key() const {
        return !levels_.empty() && levels_.back().node.kind == Node::Kind::mapping && !levels_.back().key;
    }

    void finish(Node node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            spend(count_nodes(node), node.mark);
            anchors_.insert_or_assign(anchor, node);
        }
        if (levels_.empty()) {
            root_ = std::move(node);
            return;
        }
        Level& level = levels_.back();
        if (level.node.kind == Node::Kind::sequence) {
            level.node.items.push_back(std::move(node));
        } else if (!level.key) {
            begin_entry(level, std::move(node));
        } else {
            add_entry(level, std::move(node));
        }
    }

    void begin_entry(Level& level, Node key) {
        if (key.kind != Node::Kind::scalar) throw Unreadable{{key.mark, path(), "a key must be text", ""}};
        level.key = std::move(key);
    }

    void add_entry(Level& level, Node value) {
        const std::string whole_path = path();
        const Node key = *std::exchange(level.key, std::nullopt);
        const auto same = std::find_if(level.node.entries.begin(), level.node.entries.end(),
                                       [&key](const Entry& entry) { return entry.key == key.text; });
        if (same != level.node.entries.end()) {
            report_.mistakes.push_back({key.mark, whole_path,
                                        "is given twice, first in line " + std::to_string(same->mark.line),
                                        ""});
            return;
        }
        level.node.entries.push_back(Entry{key.text, key.mark, std::move(value)});
    }

    std::string file_;
    Report& report_;
    Node root_;
    std::vector<Level> levels_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::size_t spent_ = 0;
};

std::optional<int> line_of_control_byte(std::string_view text) {
    int line = 1;
    for (const char c : text) {
        if (c == '\n') ++line;
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f) return line;
    }
    return std::nullopt;
}

std::optional<Remark> text_mistake(std::string_view text, const std::string& file) {
    if (text.size() > max_file_bytes) return Remark{{file, 0}, "", "the file is larger than 1 MiB", ""};
    if (!base::is_valid_utf8(text)) return Remark{{file, 0}, "", "the file is not UTF-8", ""};
    // The library takes byte 4 for the end of the file.
    if (const std::optional<int> line = line_of_control_byte(text))
        return Remark{{file, *line}, "", "the file has a control character", ""};
    return std::nullopt;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> choices) {
    return std::find(choices.begin(), choices.end(), text) != choices.end();
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (const Entry& entry : entries) {
        if (entry.key == key) return &entry.value;
    }
    return nullptr;
}

std::string_view Node::description() const {
    if (kind == Kind::null) return "nothing";
    if (kind == Kind::sequence) return "a list";
    if (kind == Kind::mapping) return "a mapping";
    if (as_bool(*this)) return "true or false";
    if (as_number(*this)) return "a number";
    return "text";
}

std::optional<Node> parse_yaml(std::string_view text, const std::string& file, Report& report) {
    if (std::optional<Remark> mistake = text_mistake(text, file)) {
        report.mistakes.push_back(std::move(*mistake));
        return std::nullopt;
    }
    try {
        TreeBuilder builder(file, report);
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder))
            return Node{Node::Kind::mapping, Mark{file, 1}, "", false, {}, {}};
        Node root = builder.take();
        TreeBuilder rest(file, report);
        if (parser.HandleNextDocument(rest))
            report.mistakes.push_back({rest.take().mark, "", "the file has more than one YAML document", ""});
        if (root.kind == Node::Kind::null) root.kind = Node::Kind::mapping;
        return root;
    } catch (const Unreadable& unreadable) {
        report.mistakes.push_back(unreadable.remark);
    } catch (const YAML::Exception& error) {
        report.mistakes.push_back(
            {Mark{file, error.mark.line + 1}, "", "this is not YAML: " + error.msg, ""});
    }
    return std::nullopt;
}

void merge(Node& under, Node over) {
    if (under.kind != Node::Kind::mapping || over.kind != Node::Kind::mapping) {
        under = std::move(over);
        return;
    }
    for (Entry& entry : over.entries) {
        const auto same = std::find_if(under.entries.begin(), under.entries.end(),
                                       [&entry](const Entry& other) { return other.key == entry.key; });
        if (same == under.entries.end()) {
            under.entries.push_back(std::move(entry));
        } else {
            same->mark = entry.mark;
            merge(same->value, std::move(entry.value));
        }
    }
}

std::optional<bool> as_bool(const Node& node) {
    if (node.kind != Node::Kind::scalar || node.is_quoted) return std::nullopt;
    if (is_one_of(node.text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
    if (is_one_of(node.text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}))
        return false;
    return std::nullopt;
}

std::optional<std::int64_t> as_integer(const Node& node) {
    if (node.kind != Node::Kind::scalar || node.is_quoted || node.text.empty()) return std::nullopt;
    std::int64_t value = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(node.text.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    return value;
}

std::optional<double> as_number(const Node& node) {
    if (node.kind != Node::Kind::scalar || node.is_quoted || node.text.empty()) return std::nullopt;
    const char first = node.text.front();
    if (first != '-' && first != '.' && (first < '0' || first > '9')) return std::nullopt;  // inf, nan
    double value = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(node.text.data(), end, value);
    if (error != std::errc() || stop != end || !(value < 1e300 && value > -1e300)) return std::nullopt;
    return value;
}

matrix::Json to_json(const Node& node) {
    if (node.kind == Node::Kind::null) return nullptr;
    if (node.kind == Node::Kind::sequence) {
        matrix::Json list = matrix::Json::array();
        for (const Node& item : node.items) list.push_back(to_json(item));
        return list;
    }
    if (node.kind == Node::Kind::mapping) {
        matrix::Json object = matrix::Json::object();
        for (const Entry& entry : node.entries) object[entry.key] = to_json(entry.value);
        return object;
    }
    if (const std::optional<bool> value = as_bool(node)) return *value;
    if (const std::optional<std::int64_t> value = as_integer(node)) return *value;
    if (const std::optional<double> value = as_number(node)) return *value;
    return node.text;
}

std::string to_json_text(const Node& node) {
    std::string text;
    if (node.kind == Node::Kind::sequence) {
        for (const Node& item : node.items) text += (text.empty() ? "" : ",") + to_json_text(item);
        return "[" + text + "]";
    }
    if (node.kind == Node::Kind::mapping) {
        for (const Entry& entry : node.entries)
            text += (text.empty() ? "" : ",") + matrix::to_text(entry.key) + ":" + to_json_text(entry.value);
        return "{" + text + "}";
    }
    return matrix::to_text(to_json(node));
}

}  // namespace mxcd::app
