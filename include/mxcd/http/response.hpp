#pragma once

#include "mxcd/base/token.hpp"
#include "mxcd/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace mxcd::http {

/// The name of a header field: a constant token, which the compiler sees to.
struct FieldName {
    consteval FieldName(const char* constant) : text(constant) {
        if (!base::is_token(text)) throw "a field name is a token (RFC 9110, 5.1)";
    }
    std::string_view text;
};

/// The one builder of response header fields. It cannot emit CR, LF or any other control byte: such bytes,
/// and bytes over 0x7e, are dropped from values.
class HeaderBlock {
  public:
    HeaderBlock& add(FieldName name, std::string_view value);
    HeaderBlock& add(FieldName name, std::int64_t value);
    /// Everything of another block: for groups of fields that never change and are rendered once.
    HeaderBlock& add(const HeaderBlock& others);

    /// Makes room once for what add() will bring.
    void reserve(std::size_t bytes) { text_.reserve(bytes); }

    /// `Name: value CRLF` for each field.
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
};

/// Part of an open file, sent without a copy in memory. Several answers may share the file.
struct FileSlice {
    std::shared_ptr<const base::UniqueFd> file;
    std::int64_t offset = 0;
    std::int64_t length = 0;
};

/// Part of bytes in memory that several answers may share.
struct MemorySlice {
    std::shared_ptr<const std::string> bytes;
    std::int64_t offset = 0;
    std::int64_t length = 0;
};

using Body = std::variant<std::monostate, std::string, MemorySlice, FileSlice>;

/// An answer. The door adds Content-Length (also for HEAD, whose body it leaves out, and not for 1xx, 204 and
/// 304), Date and Connection; everything else is in `headers`.
struct Response {
    int status = 200;
    HeaderBlock headers;
    Body body;
    /// Close the connection after this answer, lingering so that a client that still sends sees it.
    bool close = false;
};

}  // namespace mxcd::http
