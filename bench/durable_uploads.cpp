// Durable uploads without HTTP: the real Uploads with the real stores, beside three references on the same
// disk.
//
//   three-flush    file written, fdatasync, rename, folder fsync, an SQLite FULL transaction: one upload at a
//   time grouped-file   file written, fdatasync; folder fsync and FULL transaction shared by a group
//   not-durable    file written, rename, an SQLite NORMAL transaction of its own: nothing is flushed
//   mxcd           media::Uploads::store: chain, reservation, SHA-256, flushes, row and ledger entry
//
// usage: durable_uploads FOLDER BYTES CONCURRENT SECONDS VARIANT
// prints one line of JSON: uploads per second

#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/async/worker_pool.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/blobs/folder_store.hpp"
#include "mxcd/media/module_chain.hpp"
#include "mxcd/media/uploads.hpp"
#include "mxcd/metadata/database.hpp"
#include "mxcd/modules/type_sniffer.hpp"

#include "support/memory_body.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace mxcd;
using Steady = std::chrono::steady_clock;

struct Work {
    std::filesystem::path folder;
    std::size_t bytes;
    int concurrent;
    double seconds;
    std::atomic<std::int64_t> done = 0;
    std::atomic<std::uint64_t> serial = 0;
    Steady::time_point end;

    bool go_on() const { return Steady::now() < end; }
    std::string next_body() {
        std::string body(bytes, 'x');
        const std::uint64_t number = ++serial;
        std::memcpy(body.data(), &number, std::min(sizeof number, body.size()));
        return body;
    }
};

void must(bool condition, const char* what) {
    if (condition) return;
    std::perror(what);
    std::exit(1);
}

/// The references' database: one connection behind a lock.
class PlainDatabase {
  public:
    PlainDatabase(const std::filesystem::path& path, const char* synchronous) {
        must(sqlite3_open(path.c_str(), &database_) == SQLITE_OK, "sqlite3_open");
        run("PRAGMA journal_mode=WAL; PRAGMA locking_mode=EXCLUSIVE");
        run((std::string("PRAGMA synchronous=") + synchronous).c_str());
        run("CREATE TABLE media(id TEXT PRIMARY KEY, user_id TEXT, size BIGINT, sha256 TEXT, created_at "
            "BIGINT)");
        must(sqlite3_prepare_v2(database_, "INSERT INTO media VALUES($1, $2, $3, $4, $5)", -1, &insert_,
                                nullptr) == SQLITE_OK,
             "prepare");
    }
    ~PlainDatabase() {
        sqlite3_finalize(insert_);
        sqlite3_close(database_);
    }

    void run(const char* sql) {
        must(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
    }
    void insert(const std::string& id, std::size_t size) {
        sqlite3_bind_text(insert_, 1, id.c_str(), -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(insert_, 2, "@alice:example.org", -1, SQLITE_STATIC);
        sqlite3_bind_int64(insert_, 3, static_cast<std::int64_t>(size));
        sqlite3_bind_text(insert_, 4, id.c_str(), -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(insert_, 5, 1);
        must(sqlite3_step(insert_) == SQLITE_DONE, "insert");
        sqlite3_reset(insert_);
    }

  private:
    sqlite3* database_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
};

void write_file(const std::filesystem::path& path, const std::string& body, bool flush) {
    const int fd = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
    must(fd >= 0, "open");
    must(write(fd, body.data(), body.size()) == static_cast<ssize_t>(body.size()), "write");
    if (flush) must(fdatasync(fd) == 0, "fdatasync");
    close(fd);
}

void flush_folder(const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY);
    must(fd >= 0 && fsync(fd) == 0, "fsync of the folder");
    close(fd);
}

void run_threads(Work& work, const std::function<void()>& one_upload) {
    std::vector<std::thread> threads;
    for (int i = 0; i < work.concurrent; ++i) {
        threads.emplace_back([&] {
            while (work.go_on()) {
                one_upload();
                ++work.done;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

void one_by_one(Work& work, bool durable) {
    PlainDatabase database(work.folder / "reference.db", durable ? "FULL" : "NORMAL");
    std::mutex mutex;
    run_threads(work, [&] {
        const std::string body = work.next_body();
        const std::string id = base::to_hex(base::sha256(body));
        std::unique_lock lock(mutex, std::defer_lock);
        if (durable) lock.lock();  // the serial reference of the targets: the same at 1, 16 and 64 clients
        write_file(work.folder / (id + ".tmp"), body, durable);
        std::filesystem::rename(work.folder / (id + ".tmp"), work.folder / id);
        if (durable) flush_folder(work.folder);
        if (!durable) lock.lock();
        database.run("BEGIN IMMEDIATE");
        database.insert(id, body.size());
        database.run("COMMIT");
    });
}

/// Waiting uploads are committed together: one folder flush, one transaction.
void grouped(Work& work) {
    PlainDatabase database(work.folder / "reference.db", "FULL");
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::pair<std::string, bool*>> waiting;
    bool stop = false;
    std::thread committer([&] {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [&] { return stop || !waiting.empty(); });
            if (waiting.empty()) return;
            std::vector<std::pair<std::string, bool*>> group;
            group.swap(waiting);
            lock.unlock();
            flush_folder(work.folder);
            database.run("BEGIN IMMEDIATE");
            for (const auto& [id, done] : group) database.insert(id, work.bytes);
            database.run("COMMIT");
            lock.lock();
            for (const auto& [id, done] : group) *done = true;
            changed.notify_all();
        }
    });
    run_threads(work, [&] {
        const std::string body = work.next_body();
        const std::string id = base::to_hex(base::sha256(body));
        write_file(work.folder / (id + ".tmp"), body, true);
        std::filesystem::rename(work.folder / (id + ".tmp"), work.folder / id);
        bool done = false;
        std::unique_lock lock(mutex);
        waiting.emplace_back(id, &done);
        changed.notify_all();
        changed.wait(lock, [&] { return done; });
    });
    {
        const std::lock_guard lock(mutex);
        stop = true;
    }
    changed.notify_all();
    committer.join();
}

async::Task<> upload_until_the_end(Work& work, media::Uploads& uploads) {
    while (work.go_on()) {
        const std::string body = work.next_body();
        test::MemoryBody source(body, 256 * 1024);
        media::UploadRequest request{.user = *matrix::UserId::parse("@alice:example.org"),
                                     .content_type = "application/octet-stream",
                                     .file_name = std::nullopt,
                                     .declared_size = base::ByteCount(static_cast<std::int64_t>(body.size())),
                                     .body = source};
        const matrix::MediaId id = co_await uploads.store(std::move(request));
        work.done += id.text().empty() ? 0 : 1;
    }
}

void mxcd_uploads(Work& work) {
    const std::unique_ptr<base::Clock> clock = base::make_system_clock();
    const std::unique_ptr<base::RandomSource> random = base::make_system_random();
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    async::TaskGroup background;
    async::WorkerPool workers({.name = "blobs", .threads = 4, .queue_limit = 4096, .niceness = 10});
    const std::unique_ptr<metadata::Database> database =
        metadata::open_sqlite({.path = work.folder / "mxcd.db"}, *clock, *metrics);
    const std::unique_ptr<media::BlobStore> blobs = blobs::open_folder_store(
        {.path = work.folder / "store", .min_free_space = base::ByteCount(0)}, workers, *metrics);
    media::UploadPolicy policy{.limits = {{.time_period = std::chrono::hours(24),
                                           .max_size = base::ByteCount(1LL << 50),
                                           .info_uri = {}}},
                               .modules = std::make_shared<const media::ModuleChain>(
                                   std::vector<media::ChainEntry>(), background, *metrics)};
    const std::unique_ptr<media::TypeSniffer> sniffer = modules::make_type_sniffer(workers);
    media::Uploads uploads(policy, {.metadata = database->metadata(),
                                    .ledger = database->ledger(),
                                    .pending = database->pending(),
                                    .blobs = *blobs,
                                    .sniffer = *sniffer,
                                    .random = *random,
                                    .metrics = *metrics});
    async::IoThreads threads(1);
    threads.start();
    for (int i = 0; i < work.concurrent; ++i)
        background.spawn(threads.executor(0), upload_until_the_end(work, uploads));
    must(background.wait_until_empty(std::chrono::seconds(120)), "uploads end");
    threads.stop();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        std::fprintf(stderr, "usage: durable_uploads FOLDER BYTES CONCURRENT SECONDS VARIANT\n");
        return 64;
    }
    Work work{.folder = argv[1],
              .bytes = std::strtoull(argv[2], nullptr, 10),
              .concurrent = std::atoi(argv[3]),
              .seconds = std::atof(argv[4]),
              .done = 0,
              .serial = 0,
              .end = {}};
    const std::string variant = argv[5];
    std::filesystem::create_directories(work.folder);
    const Steady::time_point begin = Steady::now();
    work.end =
        begin + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(work.seconds));
    if (variant == "three-flush")
        one_by_one(work, true);
    else if (variant == "not-durable")
        one_by_one(work, false);
    else if (variant == "grouped-file")
        grouped(work);
    else if (variant == "mxcd")
        mxcd_uploads(work);
    else
        return 64;
    const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    std::printf("{\"variant\": \"%s\", \"uploads_per_second\": %.0f}\n", variant.c_str(),
                static_cast<double>(work.done) / seconds);
    return 0;
}
