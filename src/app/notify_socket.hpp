#pragma once

#include "mxcd/base/unique_fd.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace mxcd::app {

/// Tells systemd (or whoever set NOTIFY_SOCKET) about our life. Does nothing when nobody listens.
/// sd_notify(3).
class NotifySocket {
  public:
    /// `address`: a path, or `@name` in the abstract namespace; empty: nobody listens.
    explicit NotifySocket(const std::string& address);
    /// From the environment variable NOTIFY_SOCKET.
    [[nodiscard]] static NotifySocket from_environment();

    void ready() const { send("READY=1"); }
    /// With the monotonic time that Type=notify-reload asks for; ready() ends the reload.
    void reloading() const;
    void stopping() const { send("STOPPING=1"); }
    void alive() const { send("WATCHDOG=1"); }

  private:
    void send(const std::string& state) const;

    base::UniqueFd socket_;
    std::string address_;
};

/// How often the watchdog wants to hear of us (WATCHDOG_USEC, when WATCHDOG_PID is ours or absent).
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace mxcd::app
