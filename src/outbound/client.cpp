#include "mxcd/outbound/client.hpp"

#include "mxcd/async/suspend.hpp"
#include "mxcd/base/errors.hpp"

#include "transfer.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <curl/curl.h>

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace mxcd::outbound {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using AnswerSlot = async::Resume<OutboundResponse>;

constexpr long max_idle_connections = 64;
constexpr std::chrono::milliseconds longest_sleep{1'000};

/// A request on its way: the transfer, and who waits for it.
struct Exchange {
    Exchange(OutboundRequest request, const ClientConfig& config)
        : transfer(std::move(request), config),
          started(std::chrono::steady_clock::now()),
          ends_at(started + transfer.deadline()) {}

    Transfer transfer;
    std::optional<AnswerSlot> waiting;
    SteadyTime started;
    SteadyTime ends_at;
    std::atomic<bool> is_cancelled = false;
};
using SharedExchange =
    std::shared_ptr<Exchange>;  // shared by the outbound thread and the caller's cancellation

struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

void initialize_libcurl() {
    static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (result != CURLE_OK) throw base::StorageError("libcurl cannot be initialized");
}

std::exception_ptr failure_of(Outcome outcome, CURLcode result) {
    const auto upstream = [](const std::string& text) {
        return std::make_exception_ptr(base::UpstreamError(text));
    };
    switch (outcome) {
        case Outcome::timed_out:
            return upstream("no complete answer in time");
        case Outcome::too_long:
            return upstream("the answer is too long");
        case Outcome::garbled:
            return upstream("the answer has a content coding that was not asked for");
        case Outcome::blocked:
            return upstream("the address is not on the public internet");
        case Outcome::aborted:
            return upstream("outbound requests have ended");
        case Outcome::overloaded:
            return std::make_exception_ptr(base::Overloaded("too many outbound requests are in flight"));
        case Outcome::answered:
        case Outcome::unreachable:
            break;
    }
    return upstream(std::string("no answer: ") + curl_easy_strerror(result));
}

/// What is seen of the requests from outside.
class RequestMetrics {
  public:
    explicit RequestMetrics(base::Metrics& metrics)
        : durations_(metrics.histogram("mxcd_outbound_request_duration_seconds",
                                       "Time from an outbound request to the end of its answer",
                                       base::duration_buckets())) {
        for (std::size_t i = 0; i < counters_.size(); ++i)
            counters_[i] =
                &metrics.counter("mxcd_outbound_requests_total", "Outbound HTTP requests by how they ended",
                                 {{"outcome", label_of(static_cast<Outcome>(i))}});
    }

    void note(Outcome outcome) { counters_.at(static_cast<std::size_t>(outcome))->add(); }
    void note(Outcome outcome, SteadyTime started) {
        note(outcome);
        durations_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
    }

  private:
    std::array<base::Counter*, static_cast<std::size_t>(Outcome::aborted) + 1> counters_{};
    base::Histogram& durations_;
};

class CurlClient final : public Client {
  public:
    CurlClient(const ClientConfig& config, base::Metrics& metrics);
    ~CurlClient() override;

    async::Task<OutboundResponse> send(OutboundRequest request) override;

  private:
    void begin(const SharedExchange& exchange, AnswerSlot waiting);
    [[nodiscard]] bool enqueue(const SharedExchange& exchange);

    // On the outbound thread.
    void serve();
    [[nodiscard]] bool take_new();
    void start(const SharedExchange& exchange);
    void end_finished();
    [[nodiscard]] std::chrono::milliseconds end_overdue();
    void end_all();
    void end(const SharedExchange& exchange, Outcome outcome, CURLcode result);

    const ClientConfig config_;
    RequestMetrics metrics_;
    const std::shared_ptr<CURLM> multi_;  // shared with cancellations, which may come after this client
    std::atomic<std::size_t> in_flight_ = 0;

    std::mutex mutex_;
    std::deque<SharedExchange> new_;  // at most max_in_flight
    bool is_stopping_ = false;

    std::unordered_map<CURL*, SharedExchange> running_;  // the outbound thread's own
    std::thread thread_;
};

CurlClient::CurlClient(const ClientConfig& config, base::Metrics& metrics)
    : config_(config), metrics_(metrics), multi_(curl_multi_init(), FreeMulti{}) {
    if (!multi_) throw base::StorageError("libcurl cannot be initialized");
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(config_.max_connections_per_host));
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, max_idle_connections);
    thread_ = std::thread([this] { serve(); });
}

CurlClient::~CurlClient() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    thread_.join();
}

async::Task<OutboundResponse> CurlClient::send(OutboundRequest request) {
    refuse_malformed(request);
    const auto exchange = std::make_shared<Exchange>(std::move(request), config_);
    const async::asio::cancellation_state cancellation = co_await async::asio::this_coro::cancellation_state;
    auto start = [this, &exchange, slot = cancellation.slot()](AnswerSlot waiting) mutable {
        if (slot.is_connected())
            slot.assign([exchange, multi = std::weak_ptr<CURLM>(multi_)](async::asio::cancellation_type) {
                exchange->is_cancelled = true;
                if (const std::shared_ptr<CURLM> alive = multi.lock()) curl_multi_wakeup(alive.get());
            });
        begin(exchange, std::move(waiting));
    };
    OutboundResponse response = co_await async::suspend<OutboundResponse>(std::move(start));
    co_return response;
}

/// Answers itself when it cannot queue: an exception must not leave the start of a suspension.
void CurlClient::begin(const SharedExchange& exchange, AnswerSlot waiting) {
    if (in_flight_.fetch_add(1) >= config_.max_in_flight) {
        in_flight_.fetch_sub(1);
        metrics_.note(Outcome::overloaded);
        waiting.with_error(failure_of(Outcome::overloaded, CURLE_OK));
        return;
    }
    exchange->waiting = std::move(waiting);
    if (enqueue(exchange)) {
        curl_multi_wakeup(multi_.get());
    } else {
        exchange->waiting->with_error(failure_of(Outcome::aborted, CURLE_OK));
    }
}

bool CurlClient::enqueue(const SharedExchange& exchange) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return false;
    new_.push_back(exchange);
    return true;
}

void CurlClient::serve() {
    pthread_setname_np(pthread_self(), "outbound");
    // Signals belong to the main thread; and OpenSSL writes to sockets without MSG_NOSIGNAL.
    sigset_t all_signals;
    sigfillset(&all_signals);
    pthread_sigmask(SIG_BLOCK, &all_signals, nullptr);
    while (take_new()) {
        int running = 0;
        curl_multi_perform(multi_.get(), &running);
        end_finished();
        const auto sleep = static_cast<int>(end_overdue().count());
        curl_multi_poll(multi_.get(), nullptr, 0, sleep, nullptr);
    }
    end_all();
}

bool CurlClient::take_new() {
    std::deque<SharedExchange> arrived;
    bool is_stopping = false;
    {
        const std::lock_guard lock(mutex_);
        arrived.swap(new_);
        is_stopping = is_stopping_;
    }
    for (const SharedExchange& exchange : arrived) start(exchange);
    return !is_stopping;
}

void CurlClient::start(const SharedExchange& exchange) {
    CURL* const easy = exchange->transfer.easy();
    running_.emplace(easy, exchange);
    if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK)
        end(exchange, Outcome::unreachable, CURLE_FAILED_INIT);
}

void CurlClient::end_finished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        const CURLcode result = message->data.result;
        const SharedExchange exchange = running_.at(message->easy_handle);
        end(exchange, exchange->transfer.judge(result), result);
    }
}

/// Ends what was cancelled or is too late, and tells how long to sleep. libcurl's own timeout does not run
/// while a transfer waits for one of its host's connections.
std::chrono::milliseconds CurlClient::end_overdue() {
    const SteadyTime now = std::chrono::steady_clock::now();
    SteadyTime wake_at = now + longest_sleep;
    std::vector<SharedExchange> cancelled;
    std::vector<SharedExchange> overdue;
    for (const auto& [easy, exchange] : running_) {
        if (exchange->is_cancelled) {
            cancelled.push_back(exchange);
        } else if (exchange->ends_at <= now) {
            overdue.push_back(exchange);
        } else {
            wake_at = std::min(wake_at, exchange->ends_at);
        }
    }
    for (const SharedExchange& exchange : cancelled) end(exchange, Outcome::aborted, CURLE_OK);
    for (const SharedExchange& exchange : overdue)
        end(exchange, Outcome::timed_out, CURLE_OPERATION_TIMEDOUT);
    return std::chrono::ceil<std::chrono::milliseconds>(wake_at - now);
}

void CurlClient::end_all() {
    while (!running_.empty()) {
        const SharedExchange exchange = running_.begin()->second;
        end(exchange, Outcome::aborted, CURLE_OK);
    }
}

/// The answer goes out last: whoever waits may look at the metrics or send the next request at once.
void CurlClient::end(const SharedExchange& exchange, Outcome outcome, CURLcode result) {
    curl_multi_remove_handle(multi_.get(), exchange->transfer.easy());
    running_.erase(exchange->transfer.easy());
    metrics_.note(outcome, exchange->started);
    in_flight_.fetch_sub(1);
    const AnswerSlot waiting = *std::move(exchange->waiting);
    if (outcome == Outcome::answered) {
        waiting.with(exchange->transfer.take_response());
    } else if (exchange->is_cancelled) {
        const boost::system::system_error cancelled(async::asio::error::operation_aborted);
        waiting.with_error(std::make_exception_ptr(cancelled));
    } else {
        waiting.with_error(failure_of(outcome, result));
    }
}

}  // namespace

std::unique_ptr<Client> make_client(const ClientConfig& config, base::Metrics& metrics) {
    initialize_libcurl();
    ClientConfig complete = config;
    const char* const authorities = std::getenv("SSL_CERT_FILE");  // NOLINT(concurrency-mt-unsafe)
    if (complete.ca_file.empty() && authorities != nullptr) complete.ca_file = authorities;
    return std::make_unique<CurlClient>(complete, metrics);
}

}  // namespace mxcd::outbound
