#include "serve.hpp"

#include "mxcd/base/log.hpp"

#include "configuration.hpp"
#include "notify_socket.hpp"
#include "process_setup.hpp"
#include "service.hpp"
#include "version.hpp"

#include <signal.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>
#include <string>
#include <utility>

namespace mxcd::app {

namespace {

using std::chrono::milliseconds;

constexpr base::Logger logger("app");
constexpr milliseconds drain_limit{30'000};
/// After the second request to stop, whatever still runs ends with the process.
constexpr milliseconds patience_after_insisting{1'000};
constexpr milliseconds idle_wait{60'000};
constexpr milliseconds stopping_wait{20};

/// The log has the lines of the start whatever its level (but off), because they name the ports that were
/// bound.
base::LogConfig starting_log(base::LogConfig config) {
    if (config.level != base::LogLevel::off) config.level = std::min(config.level, base::LogLevel::info);
    return config;
}

void log_remarks(const Report& report) {
    for (const Remark& warning : report.warnings)
        logger.warn("configuration", {{"remark", std::string_view(warning.text())}});
    for (const Remark& mistake : report.mistakes)
        logger.error("configuration", {{"mistake", std::string_view(mistake.text())}});
}

/// Pets the watchdog as long as the service does its work.
class Watchdog {
  public:
    Watchdog(const NotifySocket& notify, Pulse& pulse) : notify_(notify), pulse_(pulse) {
        const std::optional<std::chrono::microseconds> interval = watchdog_interval();
        if (interval)
            wait_ = std::clamp(std::chrono::duration_cast<milliseconds>(*interval) / 4, milliseconds(10),
                               idle_wait);
    }

    /// How often tick() wants to be called; nothing without a watchdog.
    [[nodiscard]] std::optional<milliseconds> wait() const { return wait_; }

    void tick() {
        const auto now = std::chrono::steady_clock::now();
        if (!wait_ || now < next_) return;
        next_ = now + *wait_;
        // A beat that is still under way is waited for, and nobody is told that all is well.
        if (has_begun_ && !pulse_.is_back()) return;
        if (has_begun_) notify_.alive();
        has_begun_ = true;
        pulse_.beat();
    }

  private:
    const NotifySocket& notify_;
    Pulse& pulse_;
    std::optional<milliseconds> wait_;
    std::chrono::steady_clock::time_point next_;
    bool has_begun_ = false;
};

/// The signal that came within `limit`, or 0.
int wait_for_signal(const sigset_t& signals, milliseconds limit) {
    timespec wait{};
    wait.tv_sec = limit.count() / 1000;
    wait.tv_nsec = limit.count() % 1000 * 1'000'000;
    return std::max(0, sigtimedwait(&signals, nullptr, &wait));
}

class Life {
  public:
    Life(const std::vector<std::filesystem::path>& files, const sigset_t& signals, Service& service)
        : files_(files), signals_(signals), service_(service), notify_(NotifySocket::from_environment()) {}

    /// From the opened door to the stop; false when something would not end.
    bool run(const base::LogConfig& log) {
        Watchdog watchdog(notify_, service_.pulse());
        service_.start();
        for (const http::BoundListener& listener : service_.listeners())
            logger.info("listening", {{"url", std::string_view(listener.url)}});
        logger.info("serving");
        base::configure_logging(log);
        notify_.ready();
        serve_until_told(watchdog);
        notify_.stopping();
        return stop(watchdog);
    }

  private:
    void serve_until_told(Watchdog& watchdog) {
        for (;;) {
            watchdog.tick();
            const int signal = wait_for_signal(signals_, watchdog.wait().value_or(idle_wait));
            if (signal == SIGTERM || signal == SIGINT) return;
            if (signal == SIGHUP) reload();
        }
    }

    void reload() {
        notify_.reloading();
        try {
            LoadOutcome outcome = load_configuration(files_);
            log_remarks(outcome.report);
            if (outcome.configuration) {
                for (const std::string& key : service_.reload(*std::move(outcome.configuration)))
                    logger.warn("this setting needs a restart", {{"key", std::string_view(key)}});
                logger.info("the configuration was reloaded");
            } else {
                service_.note_failed_reload();
                logger.error("the configuration was not reloaded: the old settings stay");
            }
        } catch (const std::exception& failure) {
            service_.note_failed_reload();
            logger.error("the reload failed: the old settings stay",
                         {{"reason", std::string_view(failure.what())}});
        }
        notify_.ready();
    }

    bool stop(Watchdog& watchdog) {
        logger.info("stopping: finishing what runs");
        service_.begin_stop();
        std::future<bool> drained =
            std::async(std::launch::async, [this] { return service_.drain(drain_limit); });
        std::optional<std::chrono::steady_clock::time_point> insisted_at;
        while (drained.wait_for(milliseconds(0)) != std::future_status::ready) {
            watchdog.tick();
            const int signal = wait_for_signal(signals_, stopping_wait);
            const auto now = std::chrono::steady_clock::now();
            if (insisted_at && now - *insisted_at > patience_after_insisting) end_at_once();
            if (signal != SIGTERM && signal != SIGINT) continue;
            if (insisted_at) end_at_once();
            insisted_at = now;
            service_.insist();
        }
        if (!drained.get()) logger.warn("some requests were cut short");
        return service_.finish();
    }

    /// What is not finished by now is what a crash would leave, and is mended at the next start.
    [[noreturn]] static void end_at_once() {
        logger.warn("ending at once");
        base::flush_and_stop_logging();
        std::_Exit(static_cast<int>(ExitCode::ok));
    }

    const std::vector<std::filesystem::path>& files_;
    const sigset_t& signals_;
    Service& service_;
    NotifySocket notify_;
};

void print_mistakes(const Report& report) {
    for (const Remark& mistake : report.mistakes) std::fprintf(stderr, "%s\n", mistake.text().c_str());
    std::fprintf(stderr, "mxcd: the configuration has mistakes; nothing was started\n");
}

ExitCode run_service(Configuration configuration, const std::vector<std::filesystem::path>& files,
                     const sigset_t& signals) {
    const base::LogConfig log = configuration.log;
    Service service(std::move(configuration), io_thread_count());
    Life life(files, signals, service);
    if (life.run(log)) {
        logger.info("stopped");
        return ExitCode::ok;
    }
    logger.warn("something would not end; leaving it behind");
    base::flush_and_stop_logging();
    std::_Exit(static_cast<int>(ExitCode::ok));
}

}  // namespace

ExitCode serve(const std::vector<std::filesystem::path>& files) {
    LoadOutcome outcome = load_configuration(files);
    if (!outcome.configuration) {
        print_mistakes(outcome.report);
        return ExitCode::configuration;
    }
    set_process_limits();
    const sigset_t signals = block_signals();
    base::configure_logging(starting_log(outcome.configuration->log));
    logger.info("mxcd starts",
                {{"version", std::string_view(version())}, {"build", std::string_view(build_facts())}});
    log_remarks(outcome.report);
    try {
        const ExitCode code = run_service(*std::move(outcome.configuration), files, signals);
        base::flush_and_stop_logging();
        return code;
    } catch (...) {
        base::flush_and_stop_logging();
        throw;
    }
}

}  // namespace mxcd::app
