#include "backup.hpp"

#include "mxcd/base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace mxcd::metadata {

namespace {

// 1 MiB: about a millisecond between two rounds of other work.
constexpr int pages_per_step = 256;

[[noreturn]] void throw_system_error(const std::string& what) {
    const int error = errno;
    const std::string text = what + ": " + std::generic_category().message(error);
    if (error == ENOSPC || error == EDQUOT) throw base::StorageFull(text);
    throw base::StorageError(text);
}

std::unique_ptr<Connection> open_target(const std::filesystem::path& path) {
    auto target = std::make_unique<Connection>(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX);
    // The copy is flushed once, at its end; until then a crash leaves nothing that anybody would trust.
    target->execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF");
    return target;
}

void flush(const std::filesystem::path& path, int flags) {
    const base::UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0) throw_system_error("a backup could not be flushed");
}

void check(const std::filesystem::path& path, const std::atomic<bool>& stopping) {
    {
        Connection copy(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX);
        const auto should_stop = [](void* flag) {
            return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0;
        };
        sqlite3_progress_handler(copy.handle(), 10'000, should_stop,
                                 const_cast<std::atomic<bool>*>(&stopping));
        copy.execute("PRAGMA locking_mode = EXCLUSIVE");
        if (copy.ask("PRAGMA integrity_check") != "ok") throw base::StorageError("a backup came out damaged");
        // One file, without a log beside it.
        if (copy.ask("PRAGMA journal_mode = DELETE") != "delete")
            throw base::StorageError("a backup could not be closed");
    }
    flush(path, O_RDONLY);
    const std::filesystem::path folder = path.parent_path();
    flush(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

void check_and_answer(FinishedCopy copy, const std::atomic<bool>& stopping) noexcept {
    std::exception_ptr failure;
    {
        PartialFile file = std::move(copy.file);
        try {
            check(file.path(), stopping);
            file.keep();
        } catch (...) {
            failure = std::current_exception();
        }
    }
    // Whoever hears of a failure finds no file any more.
    if (failure) {
        copy.resume.with_error(std::move(failure));
    } else {
        copy.resume.with();
    }
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path path) : path_(std::move(path)) {
    const base::UniqueFd file(::open(path_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (!file) throw_system_error("a backup could not be created");
}

PartialFile::~PartialFile() {
    if (path_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    for (const char* suffix : {"-journal", "-wal"}) {
        std::filesystem::path beside = path_;
        std::filesystem::remove(beside += suffix, ignored);
    }
}

BackupCopy::BackupCopy(Connection& source, BackupRequest request, async::Resume<void> resume)
    : resume_(std::move(resume)),
      progress_(std::move(request.progress)),
      file_(std::move(request.destination)),
      target_(open_target(file_.path())),
      backup_(sqlite3_backup_init(target_->handle(), "main", source.handle(), "main")) {
    if (!backup_) throw_sqlite_error(target_->handle(), sqlite3_errcode(target_->handle()));
}

bool BackupCopy::step() {
    const int result = sqlite3_backup_step(backup_.get(), pages_per_step);
    if (result != SQLITE_OK && result != SQLITE_DONE) throw_sqlite_error(nullptr, result);
    const int pages = sqlite3_backup_pagecount(backup_.get());
    const int remaining = sqlite3_backup_remaining(backup_.get());
    if (progress_) progress_(pages == 0 ? 1.0 : 1.0 - static_cast<double>(remaining) / pages);
    return result == SQLITE_DONE;
}

FinishedCopy BackupCopy::finish() {
    backup_.reset();
    target_.reset();
    return {std::move(file_), resume_};
}

void BackupCheck::start(FinishedCopy copy) {
    worker_.submit(
        [this, copy = std::move(copy)]() mutable { check_and_answer(std::move(copy), stopping_); });
}

}  // namespace mxcd::metadata
