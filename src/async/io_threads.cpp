#include "mxcd/async/io_threads.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace mxcd::async {

namespace {

/// The kernel's `sched_attr`, whose header cannot be included beside the C library's.
struct SchedulingAttributes {
    std::uint32_t size = sizeof(SchedulingAttributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

/// Asks for short turns on the processor: a thread that wants little at a time may then interrupt one that
/// computes, as hashing does, in the middle of its turn. Linux 6.12 and newer grant it, older ones ignore it.
void ask_for_short_turns() {
    SchedulingAttributes attributes;
    attributes.nice = getpriority(PRIO_PROCESS, 0);
    attributes.runtime_ns = std::chrono::nanoseconds(std::chrono::microseconds(100)).count();
    static_cast<void>(syscall(SYS_sched_setattr, 0, &attributes, 0U));
}

}  // namespace

IoThreads::IoThreads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        contexts_.push_back(std::make_unique<asio::io_context>(1));
        work_.push_back(asio::make_work_guard(*contexts_.back()));
    }
}

IoThreads::~IoThreads() { stop(); }

void IoThreads::start() {
    for (const std::unique_ptr<asio::io_context>& context : contexts_) {
        threads_.emplace_back([&context] {
            pthread_setname_np(pthread_self(), "io");
            ask_for_short_turns();
            context->run();
        });
    }
}

void IoThreads::stop() {
    for (const std::unique_ptr<asio::io_context>& context : contexts_) context->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

}  // namespace mxcd::async
