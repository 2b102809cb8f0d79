#include "errands.hpp"

namespace mxcd::blobs {

Errands::~Errands() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return under_way_ == 0; });
}

void Errands::begin() {
    const std::lock_guard lock(mutex_);
    ++under_way_;
}

void Errands::end() {
    // Told under the lock: once it is free, the waiting destructor may be through.
    const std::lock_guard lock(mutex_);
    --under_way_;
    ended_.notify_all();
}

}  // namespace mxcd::blobs
