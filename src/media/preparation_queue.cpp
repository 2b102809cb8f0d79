#include "preparation_queue.hpp"

namespace mxcd::media {

namespace {

/// Preparing never takes all of the decodes' queue from those who wait for an answer.
constexpr std::size_t most_turns = 16;
/// Ten megabytes; half an hour of decodes.
constexpr std::size_t most_waiting = 100'000;

}  // namespace

std::optional<PreparationQueue::Turn> PreparationQueue::begin(const matrix::MediaId& media) {
    const std::lock_guard lock(mutex_);
    if (turns_ == most_turns) {
        wait(media);
        return std::nullopt;
    }
    ++turns_;
    return Turn(*this);
}

void PreparationQueue::wait(matrix::MediaId media) {
    if (waiting_.size() < most_waiting) waiting_.push_back(std::move(media));
}

void PreparationQueue::leave() noexcept {
    const std::lock_guard lock(mutex_);
    --turns_;
}

std::optional<matrix::MediaId> PreparationQueue::Turn::next() {
    const std::lock_guard lock(queue_->mutex_);
    if (queue_->waiting_.empty()) {
        // Under the same lock: whoever comes now finds that there is a turn to be had.
        --queue_->turns_;
        queue_ = nullptr;
        return std::nullopt;
    }
    std::optional<matrix::MediaId> media(std::move(queue_->waiting_.front()));
    queue_->waiting_.pop_front();
    return media;
}

void PreparationQueue::Turn::put_back(matrix::MediaId media) {
    const std::lock_guard lock(queue_->mutex_);
    queue_->wait(std::move(media));
}

}  // namespace mxcd::media
