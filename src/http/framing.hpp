#pragma once

#include "mxcd/http/handler.hpp"

#include "request_head.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mxcd::http {

// The framing firewall: Beast's parser alone can be talked into seeing another request than a proxy in front
// of us (unknown transfer codings, obs-fold, repeated lengths), so the raw bytes are judged before it sees
// them.

/// Looks at a header block line by line while it arrives, and refuses as soon as a line cannot be right,
/// whichever way the bytes were cut into pieces.
class HeaderScanner {
  public:
    enum class State : std::uint8_t { incomplete, complete, refused };

    /// `text` is everything that arrived so far, starting at the same byte each time.
    [[nodiscard]] State scan(std::string_view text);
    /// Size of the block with its empty line, once complete.
    [[nodiscard]] std::size_t size() const { return line_begin_; }
    /// Where the request line begins: one empty line before it is tolerated (RFC 9112, 2.2).
    [[nodiscard]] std::size_t request_line_begin() const { return request_begin_; }
    [[nodiscard]] Refusal refusal() const { return refusal_; }

  private:
    State refuse(Refusal reason);
    [[nodiscard]] std::optional<Refusal> fault_of(std::string_view line) const;

    std::size_t line_begin_ = 0;
    std::size_t scanned_ = 0;
    std::size_t request_begin_ = 0;
    std::size_t lines_ = 0;
    Refusal refusal_ = Refusal::malformed;
};

/// Judges a complete block (from the request line to the empty line), lets Beast parse what passed, and fills
/// `head` with views into `block`. Nothing when the request may be served.
[[nodiscard]] std::optional<Refusal> inspect_header(std::string_view block, RequestHead& head);

}  // namespace mxcd::http
