// Kills uploads and deletions at every step, again and again, and looks at what is left: an acknowledged
// upload that nobody began to delete must be there and whole, an unacknowledged one must be there whole or
// not at all, no file may be without a row, and the users' totals must equal the rows. Recovery itself is
// killed too.
//
// Each phase is a process of its own, forked from a parent that never has threads.
// usage: failpoint_cycles [CYCLES [SEED]]      (default 300 cycles; the figure is 10000)

#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/async/worker_pool.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/blobs/folder_store.hpp"
#include "mxcd/media/downloads.hpp"
#include "mxcd/media/moderation.hpp"
#include "mxcd/media/module_chain.hpp"
#include "mxcd/media/thumbnails.hpp"
#include "mxcd/media/uploads.hpp"
#include "mxcd/metadata/database.hpp"
#include "mxcd/modules/type_sniffer.hpp"

#include "support/fake_thumbnailer.hpp"
#include "support/memory_body.hpp"

#include <sqlite3.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace mxcd;

constexpr std::array failpoints = {
    "upload.admitted",       "upload.received",       "upload.inspected", "upload.stored",
    "upload.recorded",       "blob.spooled",          "blob.flushed",     "blob.renamed",
    "blob.linked",           "blob.folder_flushed",   "blob.kept",        "database.before_commit",
    "database.before_flush", "database.after_commit", "blob.doomed",      "deletion.doomed",
    "deletion.erased"};
constexpr int uploads_per_task = 3;
constexpr int tasks = 4;

/// What the killed process told before it died; shared memory, so that nothing is lost in a pipe.
struct Acknowledged {
    std::atomic<int> count = 0;
    struct Entry {
        char media_id[32];
        char sha256[65];
        std::int64_t size;
        std::atomic<bool> is_being_deleted;
    } entries[tasks * uploads_per_task];
};

void require(bool condition, const std::string& what) {
    if (condition) return;
    std::fprintf(stderr, "FAILED: %s\n", what.c_str());
    std::_Exit(1);
}

/// Everything an upload needs, as the service builds it.
class House {
  public:
    explicit House(const std::filesystem::path& folder)
        : clock_(base::make_system_clock()),
          random_(base::make_system_random()),
          metrics_(base::make_no_metrics()),
          threads_(1),
          workers_(async::WorkerPoolConfig{.name = "blobs", .threads = 2}),
          database_(metadata::open_sqlite({.path = folder / "mxcd.db"}, *clock_, *metrics_)),
          blobs_(blobs::open_folder_store({.path = folder / "store", .min_free_space = base::ByteCount(0)},
                                          workers_, *metrics_)),
          sniffer_(modules::make_type_sniffer(workers_)),
          uploads_(policy(), {.metadata = database_->metadata(),
                              .ledger = database_->ledger(),
                              .pending = database_->pending(),
                              .blobs = *blobs_,
                              .sniffer = *sniffer_,
                              .random = *random_,
                              .metrics = *metrics_}),
          downloads_(database_->metadata(), *blobs_, *metrics_),
          thumbnails_({}, {downloads_, database_->thumbnails(), *blobs_, thumbnailer_, background_, *clock_,
                           *metrics_}),
          removals_(database_->metadata(), background_),
          moderation_({database_->moderation(), database_->metadata(), *blobs_, removals_, downloads_,
                       thumbnails_, uploads_, *metrics_}) {
        blobs_->recover([this](const media::BlobKey& key) { return database_->is_blob_referenced(key); });
        threads_.start();
    }
    ~House() {
        background_.cancel();
        static_cast<void>(background_.wait_until_empty(std::chrono::seconds(5)));
        threads_.stop();
    }

    media::Uploads& uploads() { return uploads_; }
    media::Moderation& moderation() { return moderation_; }
    metadata::Database& database() { return *database_; }
    media::BlobStore& blobs() { return *blobs_; }
    async::TaskGroup& background() { return background_; }
    async::Executor executor() { return threads_.executor(0); }

  private:
    media::UploadPolicy policy() {
        return {.max_upload_size = base::ByteCount(1 << 20),
                .limits = {{.time_period = std::chrono::hours(24),
                            .max_size = base::ByteCount(1LL << 40),
                            .info_uri = {}}},
                .inline_body_max = base::ByteCount(4096),
                .modules = std::make_shared<const media::ModuleChain>(std::vector<media::ChainEntry>(),
                                                                      background_, *metrics_)};
    }

    std::unique_ptr<base::Clock> clock_;
    std::unique_ptr<base::RandomSource> random_;
    std::unique_ptr<base::Metrics> metrics_;
    async::TaskGroup background_;
    async::IoThreads threads_;  // above all whose threads post to it
    async::WorkerPool workers_;
    std::unique_ptr<metadata::Database> database_;
    std::unique_ptr<media::BlobStore> blobs_;
    std::unique_ptr<media::TypeSniffer> sniffer_;
    media::Uploads uploads_;
    media::Downloads downloads_;
    test::FakeThumbnailer thumbnailer_;
    media::Thumbnails thumbnails_;
    media::Removals removals_;
    media::Moderation moderation_;
};

std::string body_for(std::mt19937_64& random) {
    constexpr std::array<std::size_t, 5> sizes = {0, 100, 4096, 4097, 70'000};
    const std::size_t size = sizes[random() % sizes.size()];
    // Every third body is one of a few, so that uploads in flight share their bytes.
    std::mt19937_64 content(random() % 3 == 0 ? random() % 2 : random());
    std::string body(size, '\0');
    for (char& byte : body) byte = static_cast<char>(content());
    return body;
}

async::Task<> upload_some(House& house, Acknowledged& told, std::uint64_t seed, std::atomic<int>& running) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < uploads_per_task; ++i) {
        const std::string body = body_for(random);
        test::MemoryBody source(body, 16 * 1024);
        media::UploadRequest request{.user = *matrix::UserId::parse("@alice:hs.test"),
                                     .content_type = "application/octet-stream",
                                     .file_name = std::nullopt,
                                     .declared_size = base::ByteCount(static_cast<std::int64_t>(body.size())),
                                     .body = source};
        const matrix::MediaId id = co_await house.uploads().store(std::move(request));
        Acknowledged::Entry& entry = told.entries[told.count.load()];
        std::snprintf(entry.media_id, sizeof entry.media_id, "%s", id.text().c_str());
        const std::string digest = base::to_hex(base::sha256(body));
        std::snprintf(entry.sha256, sizeof entry.sha256, "%s", digest.c_str());
        entry.size = static_cast<std::int64_t>(body.size());
        entry.is_being_deleted = false;
        told.count.fetch_add(1);
        if (random() % 3 != 0) continue;
        entry.is_being_deleted = true;
        const bool was_there =
            co_await house.moderation().erase(id, matrix::UserId::parse("@alice:hs.test").value());
        require(was_there, "what was uploaded can be deleted");
    }
    running.fetch_sub(1);
}

/// Uploads until the failpoint kills the process (or all is done, when it was not reached often enough).
void run_uploads(const std::filesystem::path& folder, Acknowledged& told, std::uint64_t seed) {
    House house(folder);
    std::atomic<int> running = tasks;
    for (int i = 0; i < tasks; ++i)
        house.background().spawn(
            house.executor(),
            upload_some(house, told, seed * tasks + static_cast<std::uint64_t>(i), running));
    require(house.background().wait_until_empty(std::chrono::seconds(30)), "uploads ended within 30 s");
    require(running == 0, "every upload was accepted");
}

std::int64_t number_from(sqlite3* database, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    require(sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK,
            sqlite3_errmsg(database));
    require(sqlite3_step(statement) == SQLITE_ROW, sql);
    const std::int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

async::Task<> check_entry(House& house, const Acknowledged::Entry& entry, std::atomic<int>& whole) {
    const std::optional<matrix::MediaId> id = matrix::MediaId::parse(entry.media_id);
    const std::optional<media::MediaRecord> record = co_await house.database().metadata().find(*id);
    whole.fetch_add(1);
    if (entry.is_being_deleted && !record) co_return;
    require(record.has_value(), std::string("acknowledged upload is there: ") + entry.media_id);
    std::string bytes;
    if (record->inline_body) {
        bytes = *record->inline_body;
    } else {
        const std::optional<media::OpenBlob> blob = co_await house.blobs().open(record->blob);
        require(blob.has_value(), "its bytes are there");
        bytes.resize(static_cast<std::size_t>(blob->size.value()));
        require(pread(blob->file->get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
                "readable");
    }
    require(base::to_hex(base::sha256(bytes)) == entry.sha256, "its bytes are whole");
}

void check(const std::filesystem::path& folder, const Acknowledged& told) {
    {
        House house(folder);
        std::atomic<int> whole = 0;
        for (int i = 0; i < told.count; ++i)
            house.background().spawn(house.executor(), check_entry(house, told.entries[i], whole));
        require(house.background().wait_until_empty(std::chrono::seconds(30)), "checks ended");
        require(whole == told.count, "every acknowledged upload was checked");
        for (const auto& file : std::filesystem::recursive_directory_iterator(folder / "store" / "blobs")) {
            if (!file.is_regular_file()) continue;
            media::BlobKey key;
            const std::string raw = *base::from_hex(file.path().filename().string());
            std::memcpy(key.sha256.data(), raw.data(), key.sha256.size());
            require(house.database().is_blob_referenced(key), "no orphan file: " + file.path().string());
        }
        require(std::filesystem::is_empty(folder / "store" / "spool"), "nothing is left in the spool");
    }
    sqlite3* database = nullptr;
    require(
        sqlite3_open_v2((folder / "mxcd.db").c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK,
        "opens");
    require(number_from(database,
                        "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") == 0,
            "the database is whole");
    const std::int64_t rows = number_from(database, "SELECT COALESCE(SUM(size), 0) FROM media");
    const std::int64_t stored = number_from(database, "SELECT COALESCE(SUM(stored_bytes), 0) FROM users");
    require(rows == stored, "what users have stored (" + std::to_string(stored) + ") equals the rows (" +
                                std::to_string(rows) + ")");
    sqlite3_close(database);
}

template <class Work>
int in_child(Work work) {
    const pid_t child = fork();
    if (child == 0) {
        work();
        std::fflush(nullptr);
        std::_Exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    const int cycles = argc > 1 ? std::atoi(argv[1]) : 300;
    const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
    std::printf("%d cycles, seed %llu\n", cycles, static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    std::mt19937_64 random(seed);

    std::string root = (std::filesystem::temp_directory_path() / "mxcd-crash-XXXXXX").string();
    require(mkdtemp(root.data()) != nullptr, "mkdtemp");
    void* memory =
        mmap(nullptr, sizeof(Acknowledged), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int kills = 0;
    int recovery_kills = 0;
    std::int64_t acknowledged = 0;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const std::filesystem::path folder =
            root + "/" + std::to_string(cycle / 50);  // small folders: quick look-overs
        std::filesystem::create_directories(folder);
        auto* told = new (memory) Acknowledged;
        const char* point = failpoints[static_cast<std::size_t>(cycle) % failpoints.size()];
        const std::string spec =
            std::string(point) + "=kill:" + std::to_string(1 + random() % (tasks * uploads_per_task));
        const int status = in_child([&] {
            setenv("MXCD_FAILPOINTS", spec.c_str(), 1);
            run_uploads(folder, *told, seed + static_cast<std::uint64_t>(cycle));
        });
        const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        require(killed || status == 0, "cycle " + std::to_string(cycle) + " (" + spec + ") ended by itself");
        kills += killed ? 1 : 0;
        if (random() % 4 == 0) {  // recovery is killed too, at a random moment
            const pid_t recovering = fork();
            if (recovering == 0) {
                {
                    const House house(folder);
                }
                std::_Exit(0);
            }
            usleep(static_cast<useconds_t>(random() % 8000));
            kill(recovering, SIGKILL);
            int ignored = 0;
            waitpid(recovering, &ignored, 0);
            recovery_kills += WIFSIGNALED(ignored) ? 1 : 0;
        }
        require(in_child([&] { check(folder, *told); }) == 0,
                "cycle " + std::to_string(cycle) + " (" + spec + ")");
        acknowledged += told->count;
        if (cycle % 50 == 49) std::filesystem::remove_all(folder);
    }
    std::filesystem::remove_all(root);
    require(kills > cycles / 4, "failpoints were reached");
    std::printf(
        "%d kills and %d kills during recovery: %lld acknowledged uploads whole, no orphan, no drift\n",
        kills, recovery_kills, static_cast<long long>(acknowledged));
    return 0;
}
