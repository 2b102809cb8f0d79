#include "content_type.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/base/token.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace mxcd::api {

namespace {

constexpr std::string_view unknown_type = "application/octet-stream";

/// Types that get a charset when they come without parameters.
constexpr std::array<std::string_view, 11> text_types{
    "text/css",        "text/csv",        "text/html",        "text/calendar",
    "text/plain",      "text/javascript", "application/json", "application/ld+json",
    "application/rtf", "image/svg+xml",   "text/xml"};

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

/// Reads a Content-Type value from its front.
class TypeReader {
  public:
    explicit TypeReader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

    bool take(char wanted) {
        if (!rest_.starts_with(wanted)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void skip_spaces() {
        while (take(' ')) {
        }
    }

    std::string_view take_token() {
        const auto end = std::ranges::find_if_not(rest_, base::is_token_byte);
        const std::string_view token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(token.size());
        return token;
    }

    /// Behind the opening quote.
    bool take_quoted_rest() {
        while (!rest_.empty()) {
            if (take('"')) return true;
            if (take('\\') && rest_.empty()) return false;
            rest_.remove_prefix(1);
        }
        return false;
    }

    bool take_parameter() {
        if (take_token().empty() || !take('=')) return false;
        return take('"') ? take_quoted_rest() : !take_token().empty();
    }

  private:
    std::string_view rest_;
};

}  // namespace

std::optional<std::string> essence_of(std::string_view content_type) {
    if (!std::ranges::all_of(content_type, is_printable)) return std::nullopt;
    TypeReader reader(content_type);
    const std::string_view type = reader.take_token();
    if (type.empty() || !reader.take('/')) return std::nullopt;
    const std::string_view subtype = reader.take_token();
    if (subtype.empty()) return std::nullopt;
    for (reader.skip_spaces(); !reader.is_at_end(); reader.skip_spaces()) {
        if (!reader.take(';')) return std::nullopt;
        reader.skip_spaces();
        // An empty parameter is allowed: `text/plain;`.
        const bool is_empty = reader.is_at_end() || TypeReader(reader).take(';');
        if (!is_empty && !reader.take_parameter()) return std::nullopt;
    }
    return base::to_lower_ascii(content_type.substr(0, type.size() + 1 + subtype.size()));
}

std::string served_content_type(std::string_view stored) {
    if (!essence_of(stored)) return std::string(unknown_type);
    std::string served(stored);
    if (std::ranges::find(text_types, base::to_lower_ascii(stored)) != text_types.end())
        served += "; charset=UTF-8";
    return served;
}

}  // namespace mxcd::api
