#include "mxcd/async/io_threads.hpp"

#include <pthread.h>

namespace mxcd::async {

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
