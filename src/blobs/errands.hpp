#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/base/errors.hpp"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace mxcd::blobs {

/// Short disk work that nobody waits for, such as removing a spool file. It runs on a worker; when the pool's
/// queue is full it runs at once on the caller's thread, because a pause is better than a file that stays on
/// a disk that is already under pressure. Thread-safe.
class Errands {
  public:
    explicit Errands(async::WorkerPool& workers) : workers_(workers) {}
    /// Waits for what is under way.
    ~Errands();
    Errands(const Errands&) = delete;
    Errands& operator=(const Errands&) = delete;

    /// `errand` must not throw, and owns what it uses or uses what outlives this object.
    template <class Errand>
    void run(Errand errand) noexcept {
        // Shared by the queued job and the fallback: a job that the pool refuses is gone.
        const auto shared = std::make_shared<Errand>(std::move(errand));
        begin();
        try {
            workers_.submit([this, shared] {
                (*shared)();
                end();
            });
        } catch (const base::Overloaded&) {
            (*shared)();
            end();
        }
    }

  private:
    void begin();
    void end();

    async::WorkerPool& workers_;
    std::mutex mutex_;
    std::condition_variable ended_;
    std::size_t under_way_ = 0;
};

}  // namespace mxcd::blobs
