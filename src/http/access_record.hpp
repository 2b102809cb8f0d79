#pragma once

#include "mxcd/base/metrics.hpp"
#include "mxcd/http/handler.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mxcd::http {

/// What is told of a finished request. Never its path or query.
struct Access {
    std::string method;
    std::string_view route;  // a constant
    std::string request_id;
    std::string client;
    int status = 0;
    std::int64_t bytes_in = 0;   // of the body
    std::int64_t bytes_out = 0;  // of the body
    std::chrono::steady_clock::duration duration{};
};

/// One io thread's log lines and metrics. Instruments are looked up once per route and kept.
class AccessRecord {
  public:
    explicit AccessRecord(base::Metrics& metrics);

    /// Counted and logged with the next tell_served(), or once a few wait: what it takes to tell of one stays
    /// in the processor's cache for the next.
    void served(Access&& access);
    void tell_served();
    void refused(Refusal reason, const Access& access);
    void connection_opened() { connections_.add(1); }
    void connection_closed() { connections_.add(-1); }

  private:
    static constexpr std::size_t method_count = 7;
    static constexpr std::size_t class_count = 5;

    struct Route {
        const char* name = nullptr;
        base::Histogram* duration = nullptr;
        std::array<base::Counter*, method_count * class_count> requests{};
    };

    Route& route_of(std::string_view name);
    void count(const Access& access);
    static void write_line(const Access& access);

    base::Metrics& metrics_;
    base::Gauge& connections_;
    base::Counter& body_in_;
    base::Counter& body_out_;
    std::array<base::Counter*, 7> refusals_{};
    std::vector<Route> routes_;
    std::vector<Access> untold_;
};

}  // namespace mxcd::http
