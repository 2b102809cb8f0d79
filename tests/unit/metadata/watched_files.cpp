#include "unit/metadata/watched_files.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <system_error>

namespace mxcd::metadata::test {

namespace {

constexpr std::chrono::seconds patience(20);

std::atomic<FileOnDisk*> followed = nullptr;
// Or else a write is not looked at: that would slow down everything that goes on in the background.
std::atomic<int> kinds_that_fail = 0;

std::string name_of(int file) {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), error).string();
}

WatchedFiles* watched(const std::string& name) {
    if (name.ends_with("-wal")) return &watched_logs();
    return name.ends_with(".db") ? &watched_databases() : nullptr;
}

FileOnDisk* followed_as(const std::string& name) {
    FileOnDisk* const disk = followed;
    return disk != nullptr && disk->path() == name ? disk : nullptr;
}

std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

int flush_file(int file) {
    const std::string name = name_of(file);
    WatchedFiles* const files = watched(name);
    const int result = files != nullptr ? files->flush(file) : static_cast<int>(syscall(SYS_fdatasync, file));
    if (FileOnDisk* const disk = followed_as(name)) disk->was_flushed(result == 0);
    return result;
}

ssize_t write_file(int file, const void* bytes, std::size_t size, off_t offset) {
    if (followed == nullptr && kinds_that_fail == 0) return syscall(SYS_pwrite64, file, bytes, size, offset);
    const std::string name = name_of(file);
    WatchedFiles* const files = watched(name);
    if (const int error = files != nullptr ? files->error_of_write() : 0; error != 0) {
        errno = error;
        return -1;
    }
    const ssize_t written = syscall(SYS_pwrite64, file, bytes, size, offset);
    if (FileOnDisk* const disk = followed_as(name); disk != nullptr && written > 0)
        disk->was_written(static_cast<std::size_t>(offset), static_cast<std::size_t>(written));
    return written;
}

}  // namespace

int WatchedFiles::flushes() {
    const std::lock_guard lock(mutex_);
    return flushes_;
}

bool WatchedFiles::wait_for_flushes(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return flushes_ >= count; });
}

void WatchedFiles::hold_flushes_from(int number) {
    const std::lock_guard lock(mutex_);
    held_from_ = number;
}

void WatchedFiles::fail_flushes() {
    const std::lock_guard lock(mutex_);
    flushes_fail_ = true;
    held_from_.reset();
    changed_.notify_all();
}

void WatchedFiles::fail_writes(int error) {
    const std::lock_guard lock(mutex_);
    if (write_error_ == 0) ++kinds_that_fail;
    write_error_ = error;
}

int WatchedFiles::failed_writes() {
    const std::lock_guard lock(mutex_);
    return failed_writes_;
}

void WatchedFiles::work_again() {
    const std::lock_guard lock(mutex_);
    flushes_fail_ = false;
    if (write_error_ != 0) --kinds_that_fail;
    write_error_ = 0;
    held_from_.reset();
    changed_.notify_all();
}

int WatchedFiles::flush(int file) {
    std::unique_lock lock(mutex_);
    const int number = ++flushes_;
    changed_.notify_all();
    changed_.wait_for(lock, patience, [this, number] { return !held_from_ || number < *held_from_; });
    if (flushes_fail_) {
        errno = EIO;
        return -1;
    }
    lock.unlock();
    return static_cast<int>(syscall(SYS_fdatasync, file));
}

int WatchedFiles::error_of_write() {
    const std::lock_guard lock(mutex_);
    if (write_error_ != 0) ++failed_writes_;
    return write_error_;
}

WatchedFiles& watched_logs() {
    static WatchedFiles files;
    return files;
}

WatchedFiles& watched_databases() {
    static WatchedFiles files;
    return files;
}

FileOnDisk::FileOnDisk(std::filesystem::path path) : path_(std::move(path)), content_(read_all(path_)) {
    followed = this;
}

FileOnDisk::~FileOnDisk() { followed = nullptr; }

void FileOnDisk::write_to(const std::filesystem::path& copy) {
    const std::lock_guard lock(mutex_);
    std::ofstream(copy, std::ios::binary) << content_;
}

void FileOnDisk::was_written(std::size_t offset, std::size_t size) {
    const std::lock_guard lock(mutex_);
    unflushed_.push_back({offset, size});
}

void FileOnDisk::was_flushed(bool has_worked) {
    const std::lock_guard lock(mutex_);
    const std::string now = has_worked ? read_all(path_) : "";
    for (const Piece& piece : has_worked ? unflushed_ : std::vector<Piece>{}) {
        content_.resize(std::max(content_.size(), piece.offset + piece.size));
        content_.replace(piece.offset, piece.size, now, piece.offset, piece.size);
    }
    unflushed_.clear();
}

}  // namespace mxcd::metadata::test

extern "C" {

int fdatasync(int file) { return mxcd::metadata::test::flush_file(file); }

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
    return mxcd::metadata::test::write_file(file, bytes, size, offset);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
    return mxcd::metadata::test::write_file(file, bytes, size, offset);
}
}
