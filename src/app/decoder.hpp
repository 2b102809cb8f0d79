#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/secret.hpp"

#include "report.hpp"
#include "yaml_tree.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mxcd::app {

/// What a number may be, both ends included.
struct Range {
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

/// JSON numbers of Matrix end here, and `max_upload_size` becomes one.
inline constexpr Range any_size{0, (std::int64_t{1} << 53) - 1};
inline constexpr Range any_duration{1, 100LL * 365 * 24 * 3600 * 1000};

/// One mapping of the configuration. Each read names its key and leaves `into` alone (its default stands)
/// when the key is absent or wrong; what is wrong goes into the report. Reads return whether there was a good
/// value. finish() reports the keys that nobody asked for. The node and the report outlive the section.
class Section {
  public:
    /// `node` is a mapping; `path` is where it stands, empty for the whole configuration.
    Section(const Node& node, std::string path, Report& report)
        : Section(node, std::move(path), report, node.mark) {}
    /// The same of a node that stands in no file: `mark` is the place of what should have it.
    Section(const Node& node, std::string path, Report& report, Mark mark)
        : node_(node), path_(std::move(path)), report_(report), mark_(std::move(mark)) {}

    bool read(std::string_view key, bool& into);
    bool read(std::string_view key, std::string& into);
    bool read(std::string_view key, std::int64_t& into, Range range);
    bool read(std::string_view key, base::ByteCount& into, Range range = any_size);
    bool read(std::string_view key, std::chrono::milliseconds& into, Range range = any_duration);
    bool read(std::string_view key, std::vector<std::string>& into);
    /// `KEY: text`, or `KEY_path: FILE` whose content it is, without one newline at the end.
    bool read_secret(const std::string& key, base::Secret& into);

    template <class Choice>
    bool read_choice(std::string_view key, Choice& into,
                     std::initializer_list<std::pair<std::string_view, Choice>> choices) {
        std::string text;
        if (!read(key, text)) return false;
        std::vector<std::string> names;
        for (const auto& [name, choice] : choices) {
            if (name == text) {
                into = choice;
                return true;
            }
            names.emplace_back(name);
        }
        fail_choice(key, text, names);
        return false;
    }

    /// The value as it stands; nullptr when the key is absent. Makes the key known.
    const Node* find(std::string_view key);
    /// A mapping below a key.
    std::optional<Section> child(std::string_view key);
    /// The mappings of a list below a key; nothing when the key is absent or no list.
    std::optional<std::vector<Section>> children(std::string_view key);

    /// Reports an absent key.
    void require(std::string_view key);
    void fail(std::string_view key, std::string reason, std::string suggestion = "");
    void warn(std::string_view key, std::string reason);
    void fail_choice(std::string_view key, std::string_view text, const std::vector<std::string>& choices);

    /// Reports what is left: a key that `is_tolerated` accepts is a warning, any other a mistake.
    void finish(bool (*is_tolerated)(std::string_view key) = nullptr);

    [[nodiscard]] const Node& node() const { return node_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] Report& report() const { return report_; }

  private:
    [[nodiscard]] std::string path_of(std::string_view key) const;
    [[nodiscard]] Mark mark_of(std::string_view key) const;
    [[nodiscard]] const Node* scalar(std::string_view key, std::string_view expected);
    bool in_range(std::string_view key, std::int64_t value, Range range);
    std::optional<std::string> read_file(std::string_view key, const std::string& path);

    const Node& node_;
    std::string path_;
    Report& report_;
    Mark mark_;  // of keys that are absent
    std::vector<std::string> known_;
};

}  // namespace mxcd::app
