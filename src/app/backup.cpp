#include "backup.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/failpoint.hpp"
#include "mxcd/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace mxcd::app {

namespace {

namespace fs = std::filesystem;

/// Of the whole time, about this much is the database's.
constexpr double database_share = 0.2;

[[noreturn]] void refuse_folder(const std::error_code& error) {
    const std::string text = "the backup folder cannot be written to: " + error.message();
    const bool is_permission = error == std::errc::permission_denied ||
                               error == std::errc::operation_not_permitted ||
                               error == std::errc::read_only_file_system;
    if (is_permission) throw base::NotPermitted(text);
    throw base::StorageError(text);
}

void prepare_folder(const fs::path& folder) {
    if (!folder.is_absolute()) throw base::StorageError("the backup folder is not an absolute path");
    if (mkdir(folder.c_str(), 0700) == 0) return;
    std::error_code error(errno, std::generic_category());
    if (error == std::errc::file_exists) {
        if (!fs::is_directory(folder, error)) throw base::StorageError("the backup folder is not a folder");
        const bool is_empty = fs::is_empty(folder, error);
        if (!error && !is_empty) throw base::StorageError("the backup folder is not empty");
    }
    if (!error && access(folder.c_str(), W_OK | X_OK) != 0) error.assign(errno, std::generic_category());
    if (error) refuse_folder(error);
}

void flush_folder(const fs::path& folder) {
    const base::UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || fsync(fd.get()) != 0) throw base::StorageError("the backup folder cannot be flushed");
}

}  // namespace

async::Task<> back_up(BackupSources sources, std::string folder, std::function<void(double)> progress) {
    const fs::path destination(folder);
    co_await sources.workers.run([destination] { prepare_folder(destination); });
    const media::Removals::Hold hold(sources.removals, co_await async::asio::this_coro::executor);
    const std::function<void(double)> database_progress = [progress](double part) {
        progress(part * database_share);
    };
    co_await sources.metadata.back_up(destination / "mxcd.db", database_progress);
    co_await sources.workers.run([] { MXCD_FAILPOINT("backup.rows_copied"); });
    const std::function<void(double)> blob_progress = [progress](double part) {
        progress(database_share + part * (1 - database_share));
    };
    co_await sources.blobs.back_up(destination / "media_store", blob_progress);
    co_await sources.workers.run([destination] { flush_folder(destination); });
}

}  // namespace mxcd::app
