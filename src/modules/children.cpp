#include "mxcd/modules/children.hpp"

#include "mxcd/async/suspend.hpp"
#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include "child_calls.hpp"
#include "child_life.hpp"
#include "child_log.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;
using std::chrono::milliseconds;

constexpr base::Logger logger("modules");
constexpr milliseconds shortest_rest{50};
/// Short enough that a module is back within a second of behaving, its start included.
constexpr milliseconds longest_rest{500};
/// A life of this length is no part of a series of failures.
constexpr std::chrono::seconds long_life{5};
constexpr std::chrono::seconds stop_limit{5};

struct ChildMetrics {
    ChildMetrics(base::Metrics& metrics, const std::string& name)
        : up(metrics.gauge("mxcd_module_child_up", "1 while a module's process is ready, else 0",
                           {{"module", name}})),
          starts(metrics.counter("mxcd_module_child_starts_total",
                                 "Processes of modules that were started; more than one: it died or hung",
                                 {{"module", name}})),
          strays(metrics.counter("mxcd_module_stray_answers_total",
                                 "Answers of modules that nobody waited for any more", {{"module", name}})) {}
    base::Gauge& up;
    base::Counter& starts;
    base::Counter& strays;
};

/// How the first attempt to load a child ended: its callbacks, or the reason why not.
struct Loading {
    std::promise<std::vector<std::string>> outcome;
    bool is_over = false;

    void succeeded(std::vector<std::string> callbacks) {
        if (!std::exchange(is_over, true)) outcome.set_value(std::move(callbacks));
    }
    void failed(const std::string& name, const std::string& reason) {
        if (std::exchange(is_over, true)) return;
        outcome.set_exception(
            std::make_exception_ptr(LoadError("the module " + name + " cannot be loaded: " + reason)));
    }
};

/// A child over all its lives. Its supervision shares it with the handle that modules have.
class Supervised : public std::enable_shared_from_this<Supervised> {
  public:
    Supervised(ChildConfig config, async::Executor home, async::TaskGroup& tasks, base::Metrics& metrics)
        : config_(std::move(config)),
          home_(home),
          tasks_(tasks),
          metrics_(metrics, config_.name),
          log_(config_.name, metrics),
          calls_(config_.timeout, config_.most_calls, [this] { ask_for_flush(); }) {}

    [[nodiscard]] ChildCalls& calls() { return calls_; }
    [[nodiscard]] std::future<std::vector<std::string>> loaded() { return loading_.outcome.get_future(); }

    /// Nobody uses the child any more: its process ends, and there will be no other.
    void retire() {
        is_retired_ = true;
        const std::lock_guard lock(mutex_);
        if (process_) process_->kill();
    }

    /// Lives one life after the other. The first one that is not ready ends it: a module must be good at
    /// the start.
    static async::Task<> supervise(std::shared_ptr<Supervised> child) {
        // Whoever waits for the loading hears of its end also when we are being stopped.
        const LoadingEnd loading_end(*child);
        milliseconds rest{0};
        while (!child->is_retired_) {
            const auto begun = std::chrono::steady_clock::now();
            const std::string reason = co_await child->live_once();
            child->loading_.failed(child->config_.name, reason);
            if (!child->was_ever_ready_ || child->is_retired_) co_return;
            if (std::chrono::steady_clock::now() - begun > long_life) rest = milliseconds(0);
            logger.warn("a module's process ended and is started again",
                        {{"module", std::string_view(child->config_.name)},
                         {"reason", std::string_view(reason)},
                         {"after_ms", rest.count()}});
            async::Timer timer(child->home_, rest);
            co_await timer.async_wait(async::use_task);
            rest = std::clamp(2 * rest, shortest_rest, longest_rest);
        }
    }

  private:
    class LoadingEnd {
      public:
        explicit LoadingEnd(Supervised& child) : child_(child) {}
        ~LoadingEnd() { child_.loading_.failed(child_.config_.name, "mxcd is being stopped"); }
        LoadingEnd(const LoadingEnd&) = delete;
        LoadingEnd& operator=(const LoadingEnd&) = delete;

      private:
        Supervised& child_;
    };

    /// Gives the reason of its end.
    async::Task<std::string> live_once() {
        LifeSurroundings surroundings{shared_from_this(), home_, tasks_, calls_, log_, metrics_.strays};
        std::string reason;
        std::exception_ptr aborted;
        try {
            metrics_.starts.add();
            life_ = std::make_shared<ChildLife>(config_, std::move(surroundings), events());
            set_process(life_->process());
            reason = co_await life_->live();
        } catch (const boost::system::system_error& error) {
            if (error.code() == async::asio::error::operation_aborted) aborted = std::current_exception();
            reason = error.code().message();
        } catch (const std::exception& failure) {
            reason = failure.what();
        }
        set_process(nullptr);
        if (life_ && life_->was_ready()) metrics_.up.add(-1);
        life_.reset();
        if (aborted) std::rethrow_exception(aborted);
        co_return reason;
    }

    ChildLife::Events events() {
        return {[this](std::vector<std::string> callbacks) {
                    was_ever_ready_ = true;
                    metrics_.up.add(1);
                    loading_.succeeded(std::move(callbacks));
                },
                [this](const std::string& sentence) {
                    if (was_ever_ready_)
                        logger.error("a module cannot be loaded again",
                                     {{"module", std::string_view(config_.name)},
                                      {"reason", std::string_view(sentence)}});
                    loading_.failed(config_.name, sentence);
                }};
    }

    void set_process(std::shared_ptr<ChildProcess> process) {
        const std::lock_guard lock(mutex_);
        process_ = std::move(process);
        if (process_ && is_retired_) process_->kill();
    }

    /// Any thread, under the lock of the calls.
    void ask_for_flush() {
        async::asio::post(home_, [child = weak_from_this()] {
            const std::shared_ptr<Supervised> self = child.lock();
            if (self && self->life_) self->life_->flush();
        });
    }

    const ChildConfig config_;
    const async::Executor home_;
    async::TaskGroup& tasks_;
    ChildMetrics metrics_;
    ChildLog log_;
    ChildCalls calls_;
    Loading loading_;
    bool was_ever_ready_ = false;
    std::shared_ptr<ChildLife> life_;  // shared with its own tasks
    std::atomic<bool> is_retired_ = false;
    std::mutex mutex_;
    std::shared_ptr<ChildProcess> process_;  // shared with the life; guarded by mutex_
};

class ChildHandle final : public Child {
  public:
    ChildHandle(std::shared_ptr<Supervised> child, std::vector<std::string> callbacks)
        : child_(std::move(child)), callbacks_(std::move(callbacks)) {}
    ~ChildHandle() override { child_->retire(); }

    [[nodiscard]] const std::vector<std::string>& callbacks() const override { return callbacks_; }
    [[nodiscard]] bool is_up() const override { return child_->calls().is_open(); }

    async::Task<Json> call(std::string callback, Json arguments,
                           std::optional<media::OpenBlob> file) override {
        const std::shared_ptr<Supervised> child = child_;
        ChildCalls::Order order{std::move(callback), std::move(arguments), std::move(file)};
        auto start = [&child, &order](const ChildCalls::Answer& answer) {
            child->calls().begin(std::move(order), answer);
        };
        Json result = co_await async::suspend<Json>(std::move(start));
        co_return std::move(result);
    }

  private:
    std::shared_ptr<Supervised> child_;  // shared with its supervision
    const std::vector<std::string> callbacks_;
};

/// Configurations with the same text are equal.
std::string text_of(const ChildConfig& config) {
    Json json = {{"name", config.name},
                 {"path", config.program.path},
                 {"arguments", config.program.arguments},
                 {"environment", config.program.environment},
                 {"load", config.load},
                 {"timeout", config.timeout.count()}};
    if (config.program.memory_limit) json["memory_limit"] = config.program.memory_limit->value();
    return matrix::to_text(json);
}

}  // namespace

Children::Children(base::Metrics& metrics) : metrics_(metrics), thread_(1) { thread_.start(); }

Children::~Children() { stop(); }

std::shared_ptr<Child> Children::start(const ChildConfig& config) {
    std::erase_if(running_, [](const auto& known) { return known.second.expired(); });
    std::weak_ptr<Child>& known = running_[text_of(config)];
    if (std::shared_ptr<Child> running = known.lock()) return running;
    const auto child = std::make_shared<Supervised>(config, thread_.executor(0), lives_, metrics_);
    std::future<std::vector<std::string>> loaded = child->loaded();
    lives_.spawn(thread_.executor(0), Supervised::supervise(child));
    // The life limits its loading itself.
    auto handle = std::make_shared<ChildHandle>(child, loaded.get());
    known = handle;
    return handle;
}

void Children::stop() {
    lives_.cancel();
    static_cast<void>(lives_.wait_until_empty(stop_limit));
    thread_.stop();
}

}  // namespace mxcd::modules
