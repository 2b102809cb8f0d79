#include "lane.hpp"

#include "mxcd/async/timeout.hpp"

#include <algorithm>
#include <utility>

namespace mxcd::http {

namespace {

/// A third of a megabyte per io thread: more than that are in use only while many bodies come in.
constexpr std::size_t kept_workspaces = 16;
/// 16 MiB per io thread: more would not make a disk faster.
constexpr std::size_t body_buffers_at_once = 64;
/// 90 random bits; as many letters as a std::string holds without memory of its own.
constexpr std::size_t request_id_length = 15;

std::chrono::milliseconds sweep_interval(const LaneSettings& settings) {
    const std::chrono::milliseconds shortest =
        std::min({settings.header_timeout, settings.idle_timeout, settings.pace.idle, settings.pace.window,
                  settings.linger_time});
    return std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(250));
}

}  // namespace

LaneSettings::LaneSettings(const ServerConfig& config)
    : header_timeout(config.header_timeout),
      idle_timeout(config.idle_timeout),
      pace{.idle = config.body_idle_timeout,
           .minimum_rate = config.minimum_rate,
           .grace = config.rate_grace,
           .window = config.rate_window},
      linger_time(config.linger_time),
      linger_bytes(config.linger_bytes),
      trusted_proxies(config.trusted_proxies) {}

std::string_view DateField::text() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != second_) {
        second_ = now.tv_sec;
        tm parts{};
        gmtime_r(&second_, &parts);
        // The names of days and months are English in the "C" locale, which we never leave.
        size_ = std::strftime(text_.data(), text_.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    }
    return {text_.data(), size_};
}

std::string RequestIds::next() {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static_assert(letters.size() == 64, "so that all are equally likely");
    if (batch_.size() - used_ < request_id_length) {
        random_.fill(batch_);
        used_ = 0;
    }
    std::string id(request_id_length, '\0');
    for (char& letter : id) letter = letters[std::to_integer<std::size_t>(batch_[used_++]) % letters.size()];
    return id;
}

Lane::Lane(async::Executor executor, const ServerConfig& config, const ServerDependencies& dependencies,
           ConnectionCount& connection_count)
    : home(executor),
      ready(executor),
      handler(dependencies.handler),
      connections(connection_count),
      settings(config),
      access(dependencies.metrics),
      request_ids(dependencies.random),
      workspaces(kept_workspaces),
      body_buffers(body_buffers_at_once) {}

async::Task<> Lane::sweep() {
    async::Timer timer(home);
    for (;;) {
        timer.expires_after(sweep_interval(settings));
        co_await timer.async_wait(async::use_task);
        check_deadlines();
    }
}

void Lane::check_deadlines() {
    const Moment now = SteadyClock::now();
    for (Connection& connection : busy) connection.check_deadline(now);
    body_buffers.check_deadlines(now);
    // Ordered by deadline: the first that has time left ends it.
    for (Connection& connection : idle) {
        if (connection.deadline() != Moment::max() && now < connection.deadline()) break;
        connection.check_deadline(now);
    }
}

void Lane::served(Access&& finished) {
    access.served(std::move(finished));
    if (!ready.is_in_round()) access.tell_served();
}

void Lane::begin_stop() {
    is_stopping = true;
    for (Connection& connection : idle) connection.dismiss();
}

bool Lane::dismiss_oldest_idle() {
    if (idle.empty()) return false;
    Connection& oldest = idle.front();
    busy.splice(busy.end(), idle, idle.begin());  // so that the next call finds another
    oldest.dismiss();
    return true;
}

}  // namespace mxcd::http
