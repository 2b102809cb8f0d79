#include "mxcd/async/single_flight.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/base/recent_map.hpp"
#include "mxcd/matrix/error.hpp"
#include "mxcd/remote/authenticators.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <span>
#include <string_view>
#include <variant>

namespace mxcd::remote {

namespace {

using media::Identity;
using std::chrono::milliseconds;
using Answer = std::variant<Identity, matrix::Error>;

/// After an attempt to renew that decided nothing, the next one waits at least this long.
constexpr milliseconds renewal_pause{1'000};

struct Key {
    base::Sha256Digest digest;
    /// Not the array's own, which compares byte by byte.
    bool operator==(const Key& other) const noexcept {
        return std::memcmp(digest.data(), other.digest.data(), digest.size()) == 0;
    }
};

/// A digest is as good as random already.
struct DigestHash {
    std::size_t operator()(const Key& key) const noexcept {
        std::size_t hash = 0;
        std::memcpy(&hash, key.digest.data(), sizeof hash);
        return hash;
    }
};

struct KnownToken {
    Identity identity;
    milliseconds ends_at;
    milliseconds renew_at;
};

struct RefusedToken {
    matrix::Error refusal;
    milliseconds ends_at;
};

class CachingAuthenticator final : public media::TokenAuthenticator {
  public:
    CachingAuthenticator(const CacheConfig& config, media::TokenAuthenticator& source,
                         const base::Clock& clock, async::TaskGroup& background, base::Metrics& metrics);

    std::optional<Identity> recall(const media::Credentials& credentials) override;
    async::Task<Identity> authenticate(media::Credentials credentials) override;

  private:
    struct Found {
        std::optional<Answer> answer;
        bool wants_renewal = false;
    };

    [[nodiscard]] Key key_of(const media::Credentials& credentials) const;
    [[nodiscard]] Found look_up(const Key& key);
    async::Task<Identity> ask(Key key, media::Credentials credentials);
    void learn(const Key& key, Identity identity, milliseconds asked_at);
    void learn_refusal(const Key& key, const matrix::Error& refusal);
    void postpone_renewal(const Key& key);

    const CacheConfig config_;
    media::TokenAuthenticator& source_;
    const base::Clock& clock_;
    base::Counter& hits_;
    base::Counter& misses_;
    std::array<std::byte, 16> salt_{};
    async::SingleFlight<Key, Identity, DigestHash> questions_;

    std::mutex mutex_;
    // Apart, so that a flood of made-up tokens cannot push real ones out.
    base::RecentMap<Key, KnownToken, DigestHash> known_;
    base::RecentMap<Key, RefusedToken, DigestHash> refused_;
};

CachingAuthenticator::CachingAuthenticator(const CacheConfig& config, media::TokenAuthenticator& source,
                                           const base::Clock& clock, async::TaskGroup& background,
                                           base::Metrics& metrics)
    : config_(config),
      source_(source),
      clock_(clock),
      hits_(metrics.counter("mxcd_token_cache_hits_total",
                            "Access tokens whose identity or refusal was remembered")),
      misses_(metrics.counter("mxcd_token_cache_misses_total", "Access tokens that had to be asked about")),
      questions_(background),
      known_(std::max<std::size_t>(config.max_entries, 1)),
      refused_(std::max<std::size_t>(config.max_entries / 16, 16)) {
    base::make_system_random()->fill(salt_);
}

/// Salted, so that nobody can prepare tokens that fall into one bucket. The lengths of all parts come first,
/// so that no two sets of credentials give the same bytes; an absent part differs from an empty one.
Key CachingAuthenticator::key_of(const media::Credentials& credentials) const {
    const std::string_view salt(reinterpret_cast<const char*>(salt_.data()), salt_.size());
    const std::string_view token = credentials.token.reveal();
    // Whoever acts for nobody, which is nearly everyone, costs one block of the digest.
    if (!credentials.acting_user && !credentials.acting_device)
        return {base::sha256({salt, std::string_view("\0", 1), token})};
    const std::string_view user = credentials.acting_user ? *credentials.acting_user : std::string_view();
    const std::string_view device =
        credentials.acting_device ? *credentials.acting_device : std::string_view();
    const std::array<std::uint64_t, 4> head = {token.size(), credentials.acting_user.has_value() ? 1U : 0U,
                                               user.size(), credentials.acting_device.has_value() ? 1U : 0U};
    const std::string_view lengths(reinterpret_cast<const char*>(head.data()), sizeof head);
    return {base::sha256({salt, std::string_view("\1", 1), lengths, token, user, device})};
}

CachingAuthenticator::Found CachingAuthenticator::look_up(const Key& key) {
    const milliseconds now = clock_.since_boot();
    const std::lock_guard lock(mutex_);
    if (const KnownToken* known = known_.find(key)) {
        if (now < known->ends_at) return {known->identity, now >= known->renew_at};
        known_.erase(key);
    }
    if (const RefusedToken* refused = refused_.find(key)) {
        if (now < refused->ends_at) return {refused->refusal, false};
        refused_.erase(key);
    }
    return {};
}

std::optional<Identity> CachingAuthenticator::recall(const media::Credentials& credentials) {
    Found found = look_up(key_of(credentials));
    // Whoever renews needs a task, and an answer that is not there is counted by the one that asks.
    if (!found.answer || found.wants_renewal) return std::nullopt;
    hits_.add();
    if (const auto* refusal = std::get_if<matrix::Error>(&*found.answer)) throw *refusal;
    return std::get<Identity>(*std::move(found.answer));
}

async::Task<Identity> CachingAuthenticator::authenticate(media::Credentials credentials) {
    const Key key = key_of(credentials);
    Found found = look_up(key);
    const auto ask_now = [this, &key, &credentials] { return ask(key, std::move(credentials)); };
    if (found.answer) {
        hits_.add();
        if (found.wants_renewal) {
            const async::Executor home = co_await async::asio::this_coro::executor;
            questions_.begin(home, key, ask_now);
        }
        if (const auto* refusal = std::get_if<matrix::Error>(&*found.answer)) throw *refusal;
        co_return std::get<Identity>(*std::move(found.answer));
    }
    misses_.add();
    Identity identity = co_await questions_.run(key, ask_now);
    co_return identity;
}

async::Task<Identity> CachingAuthenticator::ask(Key key, media::Credentials credentials) {
    // The answer may be as old as the question: a token that is revoked on the way must not live longer for
    // it.
    const milliseconds asked_at = clock_.since_boot();
    try {
        Identity identity = co_await source_.authenticate(std::move(credentials));
        learn(key, identity, asked_at);
        co_return identity;
    } catch (const matrix::Error& refusal) {
        learn_refusal(key, refusal);
        throw;
    } catch (...) {
        postpone_renewal(key);
        throw;
    }
}

void CachingAuthenticator::learn(const Key& key, Identity identity, milliseconds asked_at) {
    milliseconds ttl = config_.ttl;
    // Compared in seconds: a huge valid_for would overflow in milliseconds.
    if (identity.valid_for && *identity.valid_for < std::chrono::ceil<std::chrono::seconds>(ttl))
        ttl = *identity.valid_for;
    const std::lock_guard lock(mutex_);
    refused_.erase(key);
    if (ttl <= milliseconds::zero()) return known_.erase(key);
    known_.put(key, KnownToken{std::move(identity), asked_at + ttl, asked_at + ttl / 2});
}

/// 401 and 403 end what was known. 401 alone is remembered: a 403 may be about what the user has still to do.
void CachingAuthenticator::learn_refusal(const Key& key, const matrix::Error& refusal) {
    if (refusal.status() != 401 && refusal.status() != 403) return postpone_renewal(key);
    const milliseconds ends_at = clock_.since_boot() + config_.negative_ttl;
    const std::lock_guard lock(mutex_);
    known_.erase(key);
    if (refusal.status() == 401) refused_.put(key, RefusedToken{refusal, ends_at});
}

void CachingAuthenticator::postpone_renewal(const Key& key) {
    const milliseconds next = clock_.since_boot() + renewal_pause;
    const std::lock_guard lock(mutex_);
    if (KnownToken* known = known_.find(key)) known->renew_at = next;
}

}  // namespace

std::unique_ptr<media::TokenAuthenticator> make_caching_authenticator(const CacheConfig& config,
                                                                      media::TokenAuthenticator& source,
                                                                      const base::Clock& clock,
                                                                      async::TaskGroup& background,
                                                                      base::Metrics& metrics) {
    return std::make_unique<CachingAuthenticator>(config, source, clock, background, metrics);
}

}  // namespace mxcd::remote
