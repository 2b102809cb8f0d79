#include "pulse.hpp"

#include "mxcd/base/errors.hpp"

#include <utility>

namespace mxcd::app {

void Pulse::beat() {
    answers_ = std::make_shared<std::atomic<std::size_t>>(0);
    for (std::size_t i = 0; i < threads_.size(); ++i)
        group_.spawn(threads_.executor(i), pass(workers_, answers_));
}

bool Pulse::is_back() const { return answers_ && *answers_ == threads_.size(); }

async::Task<> Pulse::pass(async::WorkerPool& workers, std::shared_ptr<std::atomic<std::size_t>> answers) {
    try {
        co_await workers.run([] {});
    } catch (const base::Overloaded&) {
        // A full queue is work, not a hang: its end will show whether the workers still move.
        co_return;
    }
    ++*answers;
}

}  // namespace mxcd::app
