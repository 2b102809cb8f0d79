#include "mxcd/async/worker_pool.hpp"

#include "mxcd/base/errors.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace mxcd::async {

WorkerPool::WorkerPool(const WorkerPoolConfig& config) : queue_limit_(config.queue_limit) {
    for (std::size_t i = 0; i < config.threads; ++i) threads_.emplace_back([this, config] { serve(config); });
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void WorkerPool::submit(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) throw base::Overloaded("a worker pool has stopped");
        if (queue_.size() >= queue_limit_) throw base::Overloaded("a worker pool's queue is full");
        queue_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void WorkerPool::serve(const WorkerPoolConfig& config) {
    pthread_setname_np(pthread_self(), config.name);
    // On Linux a nice value belongs to the thread; a refusal only costs latency.
    const int inherited = getpriority(PRIO_PROCESS, 0);
    if (config.niceness != 0) static_cast<void>(setpriority(PRIO_PROCESS, 0, inherited + config.niceness));
    for (;;) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        Job job = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        std::move(job)();
    }
}

}  // namespace mxcd::async
