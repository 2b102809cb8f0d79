#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"
#include "mxcd/matrix/error.hpp"
#include "mxcd/remote/authenticators.hpp"

#include <atomic>

namespace mxcd::remote {

namespace {

constexpr base::Logger logger("remote");

class WatchedAuthenticator final : public ReachabilityWatch {
  public:
    WatchedAuthenticator(media::TokenAuthenticator& source, base::Metrics& metrics)
        : source_(source),
          up_(metrics.gauge("mxcd_homeserver_up",
                            "1 when the last question about a token was answered, 0 when not")) {
        up_.set(1);
    }

    async::Task<media::Identity> authenticate(media::Credentials credentials) override;
    [[nodiscard]] bool is_reachable() const override { return is_reachable_; }

  private:
    void note_answer();
    void note_silence(std::string_view reason);

    media::TokenAuthenticator& source_;
    base::Gauge& up_;
    std::atomic<bool> is_reachable_ = true;
};

/// Only the change is logged: every failed request is logged where it is answered.
void WatchedAuthenticator::note_answer() {
    up_.set(1);
    if (!is_reachable_.exchange(true)) logger.info("the homeserver answers again");
}

void WatchedAuthenticator::note_silence(std::string_view reason) {
    up_.set(0);
    if (is_reachable_.exchange(false))
        logger.warn("the homeserver gives no usable answer", {{"reason", reason}});
}

async::Task<media::Identity> WatchedAuthenticator::authenticate(media::Credentials credentials) {
    try {
        media::Identity identity = co_await source_.authenticate(std::move(credentials));
        note_answer();
        co_return identity;
    } catch (const matrix::Error&) {
        note_answer();
        throw;
    } catch (const base::UpstreamError& error) {
        note_silence(error.what());
        throw;
    }
}

}  // namespace

std::unique_ptr<ReachabilityWatch> make_reachability_watch(media::TokenAuthenticator& source,
                                                           base::Metrics& metrics) {
    return std::make_unique<WatchedAuthenticator>(source, metrics);
}

}  // namespace mxcd::remote
