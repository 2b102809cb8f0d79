// What one upload costs the ledger: check and reserve, settle, and its share of a transaction, with a history
// of ENTRIES ledger entries. The flush is left out (synchronous=OFF), because it is shared by a group and
// costs waiting, not processor time.
//
// usage: ledger_cost FOLDER ENTRIES
// prints one line of JSON: CPU microseconds per upload

#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"

#include "metadata/reservations.hpp"
#include "metadata/store.hpp"

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

using namespace mxcd;

constexpr int uploads = 200'000;
constexpr int group = 64;

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The user's history: one entry per second up to now, a tenth of them within the window that is checked.
void make_history(metadata::Store& store, std::int64_t entries) {
    const std::int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
    const std::string first = std::to_string(now - entries * 1000);
    const std::string count = std::to_string(entries);
    store.connection.execute("BEGIN IMMEDIATE");
    store.connection.execute(("INSERT INTO users VALUES('@alice:example.org', 1, " + count + " * 1000, " +
                              std::to_string(now - 1000) + ", 0, 0)")
                                 .c_str());
    store.connection.execute(("INSERT INTO upload_ledger WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i "
                              "+ 1 FROM n WHERE i < " +
                              count + " - 1) SELECT 1, " + first + " + i * 1000, (i + 1) * 1000 FROM n")
                                 .c_str());
    store.connection.execute("COMMIT");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: ledger_cost FOLDER ENTRIES\n");
        return 64;
    }
    const std::filesystem::path folder = argv[1];
    const std::int64_t entries = std::atoll(argv[2]);
    const std::unique_ptr<base::Clock> clock = base::make_system_clock();
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    metadata::Reservations reservations(*metrics);
    const std::unique_ptr<metadata::Store> store =
        metadata::open_store(folder / "ledger.db", *clock, reservations);
    store->connection.execute("PRAGMA synchronous=OFF");
    make_history(*store, entries);

    const media::ReserveRequest request{.user = *matrix::UserId::parse("@alice:example.org"),
                                        .size = base::ByteCount(4096),
                                        .limits = {{.time_period = std::chrono::hours(1),
                                                    .max_size = base::ByteCount(1LL << 50),
                                                    .info_uri = {}},
                                                   {.time_period = std::chrono::seconds(entries / 10 + 1),
                                                    .max_size = base::ByteCount(1LL << 50),
                                                    .info_uri = {}}},
                                        .quotas = {}};
    const double before = cpu_seconds();
    for (int done = 0; done < uploads; done += group) {
        media::ReservationId ids[group];
        for (media::ReservationId& id : ids)
            id = std::get<media::ReservationId>(store->ledger.reserve(request));
        store->connection.execute("BEGIN IMMEDIATE");
        for (const media::ReservationId id : ids) static_cast<void>(store->ledger.settle(id));
        store->connection.execute("COMMIT");
        for (const media::ReservationId id : ids) reservations.end(id);
    }
    const double each = (cpu_seconds() - before) / uploads * 1e6;
    std::printf("{\"entries\": %lld, \"cpu_us_per_upload\": %.3f}\n", static_cast<long long>(entries), each);
    return 0;
}
