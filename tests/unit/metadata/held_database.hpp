#pragma once

#include "unit/metadata/scene.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace mxcd::metadata::test {

/// Keeps the database's thread busy: a backup whose progress callback waits. What is asked meanwhile waits
/// together.
class HeldDatabase {
  public:
    HeldDatabase(Scene<OnSqlite>& scene, const std::string& copy_name) {
        scene.runner.group().spawn(scene.runner.executor(),
                                   back_up(scene.on, scene.on.folder() / copy_name, *this));
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 10s, [this] { return is_held_; });
    }
    void let_go() {
        const std::lock_guard lock(mutex_);
        may_go_ = true;
        changed_.notify_all();
    }
    void wait_for_end() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 10s, [this] { return has_ended_; });
    }

  private:
    static async::Task<> back_up(OnSqlite& on, std::filesystem::path copy, HeldDatabase& held) {
        std::function<void(double)> hold = [&held](double) { held.hold(); };
        co_await on.store().back_up(std::move(copy), std::move(hold));
        const std::lock_guard lock(held.mutex_);
        held.has_ended_ = true;
        held.changed_.notify_all();
    }
    void hold() {
        std::unique_lock lock(mutex_);
        is_held_ = true;
        changed_.notify_all();
        changed_.wait_for(lock, 10s, [this] { return may_go_; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_held_ = false;
    bool may_go_ = false;
    bool has_ended_ = false;
};

}  // namespace mxcd::metadata::test
