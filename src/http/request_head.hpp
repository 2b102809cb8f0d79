#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mxcd::http {

struct HeaderField {
    std::string_view name;
    std::string_view value;
};

/// How the body of a request is delimited, as the firewall found it.
struct BodyFraming {
    bool is_chunked = false;
    std::int64_t length = 0;  // when not chunked
    bool expects_continue = false;
};

/// A checked request header. Views point into the buffer that holds the header block.
class RequestHead {
  public:
    static constexpr std::size_t max_fields = 64;

    std::string_view method;
    std::string_view path;
    std::string_view query;
    BodyFraming body;
    bool keep_alive = false;
    bool is_http_1_0 = false;

    void clear();
    /// False when there are too many.
    [[nodiscard]] bool add_field(std::string_view name, std::string_view value);
    [[nodiscard]] std::span<const HeaderField> fields() const { return std::span(fields_).first(count_); }
    /// First value of a field, name compared without case.
    [[nodiscard]] std::optional<std::string_view> first(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;

  private:
    std::size_t count_ = 0;
    std::array<HeaderField, max_fields> fields_;
};

}  // namespace mxcd::http
