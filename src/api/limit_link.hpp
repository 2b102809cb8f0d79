#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/secret.hpp"
#include "mxcd/media/uploads.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mxcd::api {

/// What the limit page tells about one refused upload. It names no user: whoever has the link can read it.
struct LimitFacts {
    enum class Kind : std::uint8_t { window, quota };

    Kind kind = Kind::window;
    std::chrono::milliseconds period{0};  // windows only
    std::optional<base::ByteCount> max_size;
    std::optional<std::int64_t> max_files;  // quotas only
    base::ByteCount used;
    std::int64_t files = 0;                    // quotas only
    std::optional<base::ByteCount> attempted;  // nothing: not known (a chunked upload)
    std::optional<base::TimePoint> room_at;    // nothing: an upload of that size never fits the window
    base::TimePoint issued_at{};

    friend bool operator==(const LimitFacts&, const LimitFacts&) = default;
};

[[nodiscard]] LimitFacts limit_facts_of(const media::UploadLimitExceeded& exceeded, base::TimePoint now);

/// The path of the limit page.
inline constexpr std::string_view limit_page_path = "/_matrix/media/mxcd/limit";

/// Links to the limit page that carry their facts, signed, so that the page needs neither a token nor a
/// look-up and says nothing that we did not say. Good for 30 days. Thread-safe.
class LimitLinks {
  public:
    /// `clock` must outlive the links.
    LimitLinks(base::Secret key, const base::Clock& clock);

    /// `public_baseurl` ends with '/'.
    [[nodiscard]] std::string link(std::string_view public_baseurl, const LimitFacts& facts) const;
    /// Nothing unless the query carries facts with our signature that is not too old.
    [[nodiscard]] std::optional<LimitFacts> read(std::string_view query) const;

  private:
    [[nodiscard]] std::string signature_of(std::string_view payload) const;

    base::Secret key_;
    const base::Clock& clock_;
};

}  // namespace mxcd::api
