#include "decoder.hpp"

#include "mxcd/base/unique_fd.hpp"

#include "values.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace mxcd::app {

namespace {

constexpr std::size_t max_secret_bytes = 64 * 1024;

/// `listeners[3].port` -> `listeners[].port`
std::string without_indices(const std::string& path) {
    std::string text;
    bool in_brackets = false;
    for (const char c : path) {
        if (c == ']') in_brackets = false;
        if (!in_brackets) text += c;
        if (c == '[') in_brackets = true;
    }
    return text;
}

/// `level: off` is what a reader of the file takes it for, so only true and false themselves are refused.
bool looks_like_text(const Node& scalar) {
    const bool is_boolean = as_bool(scalar) && (scalar.text[0] == 't' || scalar.text[0] == 'f');
    return !is_boolean && !as_number(scalar);
}

std::string reason_of(int error) { return std::generic_category().message(error); }

}  // namespace

std::string Section::path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

Mark Section::mark_of(std::string_view key) const {
    for (const Entry& entry : node_.entries) {
        if (entry.key == key) return entry.mark;
    }
    return mark_;
}

const Node* Section::find(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        known_.emplace_back(key);
        report_.known_keys.insert(without_indices(path_of(key)));
    }
    return node_.find(key);
}

void Section::fail(std::string_view key, std::string reason, std::string suggestion) {
    report_.mistakes.push_back({mark_of(key), path_of(key), std::move(reason), std::move(suggestion)});
}

void Section::warn(std::string_view key, std::string reason) {
    report_.warnings.push_back({mark_of(key), path_of(key), std::move(reason), ""});
}

void Section::fail_choice(std::string_view key, std::string_view text,
                          const std::vector<std::string>& choices) {
    std::string list;
    for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
    fail(key, "expected one of " + list, nearest(text, choices).value_or(""));
}

void Section::require(std::string_view key) {
    if (find(key) == nullptr) fail(key, "is required");
}

const Node* Section::scalar(std::string_view key, std::string_view expected) {
    const Node* node = find(key);
    if (node == nullptr || node->kind == Node::Kind::scalar) return node;
    fail(key, "expected " + std::string(expected) + ", found " + std::string(node->description()));
    return nullptr;
}

bool Section::in_range(std::string_view key, std::int64_t value, Range range) {
    if (value >= range.least && value <= range.most) return true;
    if (value < range.least) {
        fail(key, "must be at least " + std::to_string(range.least));
    } else {
        fail(key, "must be at most " + std::to_string(range.most));
    }
    return false;
}

bool Section::read(std::string_view key, bool& into) {
    const Node* node = scalar(key, "true or false");
    if (node == nullptr) return false;
    const std::optional<bool> value = as_bool(*node);
    if (!value) {
        fail(key, "expected true or false, found " + std::string(node->description()));
        return false;
    }
    into = *value;
    return true;
}

bool Section::read(std::string_view key, std::string& into) {
    const Node* node = scalar(key, "text");
    if (node == nullptr) return false;
    if (!looks_like_text(*node)) {
        fail(key, "expected text, found " + std::string(node->description()) + "; put it in quotes");
        return false;
    }
    into = node->text;
    return true;
}

bool Section::read(std::string_view key, std::int64_t& into, Range range) {
    const Node* node = scalar(key, "a number");
    if (node == nullptr) return false;
    const std::optional<std::int64_t> value = as_integer(*node);
    if (!value) {
        fail(key, "expected a whole number");
        return false;
    }
    if (!in_range(key, *value, range)) return false;
    into = *value;
    return true;
}

bool Section::read(std::string_view key, base::ByteCount& into, Range range) {
    const Node* node = scalar(key, "a size");
    if (node == nullptr) return false;
    const std::optional<std::int64_t> value = parse_size(node->text);
    if (!value) {
        fail(key, "expected a size: bytes, or a whole number with K, M, G or T");
        return false;
    }
    if (!in_range(key, *value, range)) return false;
    into = base::ByteCount(*value);
    return true;
}

bool Section::read(std::string_view key, std::chrono::milliseconds& into, Range range) {
    const Node* node = scalar(key, "a duration");
    if (node == nullptr) return false;
    const std::optional<std::int64_t> value = parse_duration(node->text);
    if (!value) {
        fail(key, "expected a duration: milliseconds, or a whole number with s, m, h, d, w or y");
        return false;
    }
    if (!in_range(key, *value, range)) return false;
    into = std::chrono::milliseconds(*value);
    return true;
}

bool Section::read(std::string_view key, std::vector<std::string>& into) {
    const Node* node = find(key);
    if (node == nullptr) return false;
    if (node->kind != Node::Kind::sequence) {
        fail(key, "expected a list, found " + std::string(node->description()));
        return false;
    }
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const Node& item = node->items[i];
        if (item.kind != Node::Kind::scalar || !looks_like_text(item)) {
            const char* const advice = item.kind == Node::Kind::scalar ? "; put it in quotes" : "";
            report_.mistakes.push_back({item.mark, path_of(key) + "[" + std::to_string(i) + "]",
                                        "expected text, found " + std::string(item.description()) + advice,
                                        ""});
            return false;
        }
        texts.push_back(item.text);
    }
    into = std::move(texts);
    return true;
}

bool Section::read_secret(const std::string& key, base::Secret& into) {
    const std::string path_key = key + "_path";
    std::string text;
    std::string path;
    const bool has_text = read(key, text);
    const bool has_path = read(path_key, path);
    if (has_text && has_path) {
        fail(path_key, "is given beside " + key + "; give one of them");
        return false;
    }
    if (has_path) {
        std::optional<std::string> content = read_file(path_key, path);
        if (!content) return false;
        if (content->ends_with('\n')) content->pop_back();
        text = std::move(*content);
    }
    if (!has_text && !has_path) return false;
    if (text.empty()) {
        fail(has_path ? std::string_view(path_key) : std::string_view(key), "is empty");
        return false;
    }
    into = base::Secret(std::move(text));
    return true;
}

std::optional<std::string> Section::read_file(std::string_view key, const std::string& path) {
    // O_NONBLOCK: a FIFO without a writer must not hold us up.
    const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat facts{};
    if (!file || fstat(file.get(), &facts) != 0) {
        fail(key, "the file cannot be read: " + reason_of(errno));
        return std::nullopt;
    }
    if (!S_ISREG(facts.st_mode)) {
        fail(key, "is not a file");
        return std::nullopt;
    }
    if ((facts.st_mode & S_IROTH) != 0) warn(key, "everybody on this machine can read the file: chmod o-r");
    std::string content;
    std::array<char, 4096> piece{};
    for (;;) {
        const ssize_t count = ::read(file.get(), piece.data(), piece.size());
        if (count < 0) {
            fail(key, "the file cannot be read: " + reason_of(errno));
            return std::nullopt;
        }
        if (count == 0) return content;
        content.append(piece.data(), static_cast<std::size_t>(count));
        if (content.size() > max_secret_bytes) {
            fail(key, "the file is larger than 64 KiB");
            return std::nullopt;
        }
    }
}

std::optional<Section> Section::child(std::string_view key) {
    const Node* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (node->kind != Node::Kind::mapping) {
        fail(key, "expected a mapping, found " + std::string(node->description()));
        return std::nullopt;
    }
    return Section(*node, path_of(key), report_);
}

std::optional<std::vector<Section>> Section::children(std::string_view key) {
    const Node* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (node->kind != Node::Kind::sequence) {
        fail(key, "expected a list, found " + std::string(node->description()));
        return std::nullopt;
    }
    std::vector<Section> sections;
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const Node& item = node->items[i];
        const std::string path = path_of(key) + "[" + std::to_string(i) + "]";
        if (item.kind == Node::Kind::mapping) {
            sections.emplace_back(item, path, report_);
        } else {
            report_.mistakes.push_back(
                {item.mark, path, "expected a mapping, found " + std::string(item.description()), ""});
        }
    }
    return sections;
}

void Section::finish(bool (*is_tolerated)(std::string_view key)) {
    for (const Entry& entry : node_.entries) {
        if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
        if (is_tolerated != nullptr && is_tolerated(entry.key)) {
            warn(entry.key, "mxcd does not use this key of Synapse");
        } else {
            fail(entry.key, "unknown key", nearest(entry.key, known_).value_or(""));
        }
    }
}

}  // namespace mxcd::app
