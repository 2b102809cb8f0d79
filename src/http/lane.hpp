#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/http/handler.hpp"
#include "mxcd/http/server.hpp"

#include "access_record.hpp"
#include "body_buffers.hpp"
#include "buffer_pool.hpp"
#include "connection.hpp"
#include "ready_queue.hpp"
#include "trusted_proxies.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

namespace mxcd::http {

/// What a reload may change, as each io thread has it.
struct LaneSettings {
    explicit LaneSettings(const ServerConfig& config);

    std::chrono::milliseconds header_timeout;
    std::chrono::milliseconds idle_timeout;
    PaceLimits pace;
    std::chrono::milliseconds linger_time;
    base::ByteCount linger_bytes;
    TrustedProxies trusted_proxies;
};

/// The Date field, rendered once a second.
class DateField {
  public:
    /// `Date: ... CRLF`
    [[nodiscard]] std::string_view text();

  private:
    std::time_t second_ = 0;
    std::array<char, 48> text_{};
    std::size_t size_ = 0;
};

/// Request IDs from random letters, digits, '-' and '_', drawn in batches.
class RequestIds {
  public:
    explicit RequestIds(base::RandomSource& random) : random_(random) {}
    [[nodiscard]] std::string next();

  private:
    base::RandomSource& random_;
    std::array<std::byte, 2048> batch_{};
    std::size_t used_ = batch_.size();
};

/// How many connections are open in all lanes.
struct ConnectionCount {
    std::atomic<std::size_t> open = 0;
    std::atomic<std::size_t> limit = 0;
};

/// Everything that belongs to one io thread and is touched by it alone: its connections, buffers and
/// settings.
struct Lane {
    Lane(async::Executor executor, const ServerConfig& config, const ServerDependencies& dependencies,
         ConnectionCount& connection_count);

    async::Executor home;
    ReadyQueue ready;
    Handler& handler;
    ConnectionCount& connections;
    LaneSettings settings;
    AccessRecord access;
    RequestIds request_ids;
    DateField date;
    Pool<Workspace> workspaces;
    BodyBuffers body_buffers;
    /// Heads are rendered here; what cannot be sent at once is copied.
    std::string head_text;
    ConnectionList idle;  // the longest idle first
    ConnectionList busy;
    bool is_stopping = false;

    /// Ends waits whose deadline has passed, four times a second or more often for short timeouts. Runs until
    /// cancelled.
    async::Task<> sweep();
    /// Counted and logged at the end of the round that is under way, or at once.
    void served(Access&& finished);
    /// Closes idle connections, now and from now on.
    void begin_stop();
    /// False when no connection is idle.
    bool dismiss_oldest_idle();

  private:
    void check_deadlines();
};

}  // namespace mxcd::http
