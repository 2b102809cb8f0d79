#include "mxcd/base/rate_limiter.hpp"
#include "mxcd/matrix/error.hpp"
#include "mxcd/remote/authenticators.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace mxcd::remote {

namespace {

namespace ip = boost::asio::ip;

/// The burst is for many clients behind one address whose sessions have ended.
constexpr base::RateLimit tolerated{10, 50};

/// An IPv6 customer has a whole /64.
ip::address_v6 network_of(const ip::address_v6& address) {
    ip::address_v6::bytes_type bytes = address.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return ip::address_v6(bytes);
}

/// Whom a refusal is counted against; nothing when that is not known.
std::optional<std::string> key_of(const std::string& client_address) {
    boost::system::error_code error;
    const ip::address address = ip::make_address(client_address, error);
    if (error || address.is_loopback()) return std::nullopt;
    if (address.is_v4()) return address.to_string();
    return network_of(address.to_v6()).to_string();
}

class GuessingBrake final : public media::TokenAuthenticator {
  public:
    GuessingBrake(media::TokenAuthenticator& source, const base::Clock& clock, base::Metrics& metrics)
        : source_(source),
          refusals_(clock),
          braked_(metrics.counter("mxcd_token_guessing_braked_total",
                                  "Access tokens that were not asked about because their address had sent "
                                  "too many that are refused")) {}

    async::Task<media::Identity> authenticate(media::Credentials credentials) override;

  private:
    void require_few_refusals(const std::string& key);

    media::TokenAuthenticator& source_;
    base::RateLimiter refusals_;
    base::Counter& braked_;
};

void GuessingBrake::require_few_refusals(const std::string& key) {
    const std::optional<std::chrono::milliseconds> wait = refusals_.wait_of(key, tolerated);
    if (!wait) return;
    braked_.add();
    matrix::Error error(matrix::ErrorCode::limit_exceeded, "Too Many Requests");
    throw error.with_retry_after(*wait);
}

/// Only refusals cost: however many clients of one address ask at once, none that is known waits.
async::Task<media::Identity> GuessingBrake::authenticate(media::Credentials credentials) {
    const std::optional<std::string> key = key_of(credentials.client_address);
    if (key) require_few_refusals(*key);
    try {
        media::Identity identity = co_await source_.authenticate(std::move(credentials));
        co_return identity;
    } catch (const matrix::Error& refusal) {
        if (key && refusal.status() == 401) static_cast<void>(refusals_.spend(*key, tolerated));
        throw;
    }
}

}  // namespace

std::unique_ptr<media::TokenAuthenticator> make_guessing_brake(media::TokenAuthenticator& source,
                                                               const base::Clock& clock,
                                                               base::Metrics& metrics) {
    return std::make_unique<GuessingBrake>(source, clock, metrics);
}

}  // namespace mxcd::remote
