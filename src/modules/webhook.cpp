#include "mxcd/modules/webhook.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/hash.hpp"

#include "breaker.hpp"
#include "callback_json.hpp"
#include "verdict_cache.hpp"

#include <exception>
#include <optional>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

constexpr std::size_t max_answer_bytes = std::size_t{64} * 1024;
constexpr std::size_t key_length = 24;

/// `t=UNIX,v1=HEX`: whoever knows the secret made this body, at that time.
std::string signature(const base::Secret& secret, base::TimePoint now, const std::string& body) {
    const std::int64_t unix_time = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const std::string time = std::to_string(unix_time);
    return "t=" + time + ",v1=" + base::to_hex(base::hmac_sha256(secret.reveal(), time + "." + body));
}

/// The result in an answer. Throws matrix::Error when it is the module's own error, BadAnswer.
Json result_of(const outbound::OutboundResponse& answer) {
    if (answer.status != 200) throw BadAnswer("status " + std::to_string(answer.status));
    const std::optional<Json> json = matrix::parse_json(answer.body, max_answer_bytes);
    if (!json || !json->is_object()) throw BadAnswer("the answer is no JSON object");
    // Some languages write the field that is not meant as null.
    if (json->contains("error") && !json->at("error").is_null()) throw error_of(json->at("error"));
    if (!json->contains("result")) throw BadAnswer("the answer has neither result nor error");
    return json->at("result");
}

struct WebhookMetrics {
    WebhookMetrics(base::Metrics& metrics, const std::string& name)
        : cache_hits(metrics.counter("mxcd_webhook_cache_hits_total",
                                     "Questions to webhooks that were answered from memory",
                                     {{"module", name}})),
          skipped(metrics.counter("mxcd_webhook_skipped_total",
                                  "Calls that were not made because the webhook is left alone",
                                  {{"module", name}})),
          is_open(metrics.gauge("mxcd_webhook_breaker_open",
                                "1 while a failing webhook is left alone, else 0", {{"module", name}})) {}
    base::Counter& cache_hits;
    base::Counter& skipped;
    base::Gauge& is_open;
};

class Webhook final : public media::MediaModule {
  public:
    Webhook(WebhookConfig config, WebhookDependencies dependencies)
        : config_(std::move(config)),
          on_(dependencies),
          metrics_(dependencies.metrics, config_.name),
          breaker_(dependencies.random) {
        if (config_.cache_ttl.count() > 0) cache_.emplace(config_.cache_ttl);
    }

    [[nodiscard]] bool checks_files() const override { return true; }
    /// Also while answers come from memory: a good answer of before says nothing about now.
    [[nodiscard]] bool is_down() const override { return breaker_.is_open(); }

    async::Task<std::optional<Json>> media_config(matrix::UserId user) override {
        return ask_about_user("get_media_config_for_user", user_arguments(user), config_of);
    }
    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        return ask_about_user("is_user_allowed_to_upload_media_of_size", upload_arguments(facts), boolean_of);
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount) override {
        return ask_about_user("get_media_upload_limits_for_user", user_arguments(user), limits_of);
    }
    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        Json arguments = file_arguments(facts);
        const std::optional<media::FileOffers::Offer> offer = on_.files.offer(facts.file);
        arguments["url"] = offer ? Json(offer->url()) : Json();
        const Json answer = co_await ask("check_media_file", std::move(arguments));
        co_return verdict_of(answer);
    }
    async::Task<> limit_exceeded(media::LimitEvent event) override {
        co_await ask("on_media_upload_limit_exceeded", limit_arguments(event));
    }
    async::Task<> media_uploaded(matrix::UserId user, matrix::MediaId media, base::ByteCount size) override {
        co_await ask("on_media_uploaded", uploaded_arguments(user, media, size));
    }
    async::Task<> media_deleted(matrix::MediaId media) override {
        co_await ask("on_media_deleted", deleted_arguments(media));
    }

  private:
    /// Answers about a user may be remembered, once they make sense.
    template <class Value>
    async::Task<Value> ask_about_user(const char* callback, Json arguments, Value (*decode)(const Json&)) {
        const std::string body = body_of(callback, std::move(arguments));
        std::optional<Json> answer;
        if (cache_) answer = cache_->find(body, on_.clock.since_boot());
        if (answer) {
            metrics_.cache_hits.add();
            co_return decode(*answer);
        }
        answer = co_await call(body);
        Value value = decode(*answer);
        if (cache_) cache_->put(body, *std::move(answer), on_.clock.since_boot());
        co_return std::move(value);
    }

    async::Task<Json> ask(const char* callback, Json arguments) {
        const std::string body = body_of(callback, std::move(arguments));
        Json answer = co_await call(body);
        co_return std::move(answer);
    }

    static std::string body_of(const char* callback, Json arguments) {
        arguments["callback"] = callback;
        return matrix::to_text(arguments);
    }

    /// One call, if the breaker lets it through.
    async::Task<Json> call(const std::string& body) {
        std::optional<Breaker::Attempt> attempt = breaker_.begin(on_.clock.since_boot());
        if (!attempt) {
            metrics_.skipped.add();
            throw base::UpstreamError("the webhook failed too often and is left alone");
        }
        Json result;
        bool has_failed = false;
        std::exception_ptr failure;
        try {
            const outbound::OutboundResponse answer = co_await on_.client.send(request_of(body));
            result = result_of(answer);
        } catch (const matrix::Error&) {
            failure = std::current_exception();  // an answer as good as any
        } catch (const base::UpstreamError&) {
            failure = std::current_exception();
            has_failed = true;
        } catch (const BadAnswer&) {
            failure = std::current_exception();
            has_failed = true;
        }
        const Breaker::Moment now = on_.clock.since_boot();
        if (has_failed)
            attempt->failed(now);
        else
            attempt->succeeded(now);
        metrics_.is_open.set(breaker_.is_open() ? 1 : 0);
        if (failure) std::rethrow_exception(failure);
        co_return std::move(result);
    }

    [[nodiscard]] outbound::OutboundRequest request_of(const std::string& body) {
        outbound::OutboundRequest request;
        request.method = "POST";
        request.url = config_.url;
        request.headers.push_back("Idempotency-Key: " + base::random_letters(on_.random, key_length));
        if (!config_.secret.empty())
            request.headers.push_back("X-Mxcd-Signature: " +
                                      signature(config_.secret, on_.clock.now(), body));
        request.body = body;
        request.content_type = "application/json";
        request.deadline = config_.timeout;
        request.max_response_bytes = max_answer_bytes;
        request.reach = outbound::Reach::operator_configured;
        return request;
    }

    const WebhookConfig config_;
    const WebhookDependencies on_;
    WebhookMetrics metrics_;
    Breaker breaker_;
    std::optional<VerdictCache> cache_;
};

}  // namespace

std::shared_ptr<media::MediaModule> make_webhook(WebhookConfig config, WebhookDependencies dependencies) {
    return std::make_shared<Webhook>(std::move(config), dependencies);
}

}  // namespace mxcd::modules
