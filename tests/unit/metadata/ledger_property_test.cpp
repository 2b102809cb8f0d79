#include "metadata/ledger_tables.hpp"
#include "metadata/migrations.hpp"
#include "support/catch.hpp"
#include "unit/metadata/scene.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

namespace mxcd::metadata::test {

namespace {

#if defined(__has_feature)
#define MXCD_HAS_FEATURE(name) __has_feature(name)
#else
#define MXCD_HAS_FEATURE(name) 0
#endif

// A million where the code is optimized as in production, fewer where it is slow by design.
#if defined(__OPTIMIZE__) && !MXCD_HAS_FEATURE(address_sanitizer) && !MXCD_HAS_FEATURE(thread_sanitizer)
constexpr std::int64_t default_operations = 1'000'000;
#else
constexpr std::int64_t default_operations = 100'000;
#endif

std::int64_t number_from_environment(const char* name, std::int64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::stoll(text);
}

constexpr std::int64_t second_ms = 1000;
constexpr std::int64_t year_ms = std::int64_t{365} * 24 * 3600 * second_ms;

/// One user as nobody would build it: a list of uploads, summed up from its beginning whenever a sum is
/// needed.
struct NaiveUser {
    struct Upload {
        std::int64_t at;
        std::int64_t size;
    };
    std::vector<Upload> uploads;
    std::map<std::uint64_t, std::int64_t> reservations;
    std::int64_t newest = 0;

    [[nodiscard]] std::int64_t now(std::int64_t clock) const { return std::max(clock, newest); }
    [[nodiscard]] std::int64_t sent(std::int64_t at, std::int64_t period) const {
        std::int64_t sum = 0;
        for (const Upload& upload : uploads)
            if (upload.at > at - period) sum += upload.size;
        return sum;
    }
    [[nodiscard]] std::int64_t stored() const {
        std::int64_t sum = 0;
        for (const Upload& upload : uploads) sum += upload.size;
        return sum;
    }
    [[nodiscard]] std::int64_t reserved() const {
        std::int64_t sum = 0;
        for (const auto& [id, size] : reservations) sum += size;
        return sum;
    }
    [[nodiscard]] bool fits(const media::UploadLimit& limit, std::int64_t at, std::int64_t size) const {
        return size == 0 || sent(at, limit.time_period.count()) + reserved() + size <= limit.max_size.value();
    }
    [[nodiscard]] std::optional<base::TimePoint> room_at(const std::vector<media::UploadLimit>& limits,
                                                         std::int64_t from, std::int64_t size) const {
        std::vector<std::int64_t> moments;
        for (const Upload& upload : uploads)
            for (const media::UploadLimit& limit : limits)
                if (upload.at + limit.time_period.count() > from)
                    moments.push_back(upload.at + limit.time_period.count());
        std::sort(moments.begin(), moments.end());
        for (const std::int64_t moment : moments) {
            const auto has_room = [&](const media::UploadLimit& limit) { return fits(limit, moment, size); };
            if (std::all_of(limits.begin(), limits.end(), has_room))
                return base::TimePoint(std::chrono::milliseconds(moment));
        }
        return std::nullopt;
    }
    [[nodiscard]] std::optional<media::LimitRefusal> broken(const std::vector<media::UploadLimit>& limits,
                                                            std::int64_t at, std::int64_t size) const {
        const media::UploadLimit* worst = nullptr;
        for (const media::UploadLimit& limit : limits)
            if (!fits(limit, at, size) && (worst == nullptr || limit.time_period > worst->time_period))
                worst = &limit;
        if (worst == nullptr) return std::nullopt;
        return media::LimitRefusal{*worst, ByteCount(sent(at, worst->time_period.count()) + reserved()),
                                   room_at(limits, at, size)};
    }
};

bool same(const std::optional<media::LimitRefusal>& left, const std::optional<media::LimitRefusal>& right) {
    if (!left || !right) return left.has_value() == right.has_value();
    return left->limit == right->limit && left->sent == right->sent && left->room_at == right->room_at;
}

Connection migrated_memory() {
    Connection connection(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX);
    migrate(connection, embedded_migrations());
    return connection;
}

/// Drives the ledger and the naive model side by side, and counts where they differ.
class Comparison {
  public:
    explicit Comparison(std::uint64_t seed) : random_(seed) {}

    void run(std::int64_t operations) {
        for (std::int64_t done = 0; done < operations; ++done) {
            if (done % operations_per_episode == 0) begin_episode(done);
            do_something();
        }
        connection_.execute("COMMIT");
    }

    std::int64_t differences = 0;
    std::string first_difference;
    std::map<std::string, std::int64_t> counts;

  private:
    static constexpr std::int64_t operations_per_episode = 400;
    static constexpr std::size_t users_per_episode = 3;

    std::int64_t pick(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
    }
    // As many small ones as large ones.
    std::int64_t pick_logarithmic(std::int64_t low, std::int64_t high) {
        const double exponent = std::uniform_real_distribution<double>(
            std::log(static_cast<double>(low)), std::log(static_cast<double>(high)))(random_);
        return std::clamp(static_cast<std::int64_t>(std::exp(exponent)), low, high);
    }

    // New users with a clock of today: the naive sums stay short, and the clock does not wander off.
    void begin_episode(std::int64_t number) {
        if (connection_.in_transaction()) connection_.execute("COMMIT");
        connection_.execute("BEGIN IMMEDIATE");
        for (NaiveUser& naive : naive_)
            for (const auto& [id, size] : naive.reservations) reservations_.end(media::ReservationId{id});
        naive_.assign(users_per_episode, {});
        names_.clear();
        for (std::size_t i = 0; i < users_per_episode; ++i)
            names_.push_back(user("u" + std::to_string(number) + "-" + std::to_string(i)));
        clock_.jump_wall(std::chrono::milliseconds(1'700'000'000'000) - clock_.now().time_since_epoch());
        largest_size_ = pick_logarithmic(10, 1'000'000'000'000);
        choose_limits();
    }

    void choose_limits() {
        limits_.clear();
        for (std::int64_t n = pick(1, 5); n > 0; --n) {
            const std::chrono::milliseconds period(pick_logarithmic(second_ms, year_ms));
            limits_.push_back(
                {period, ByteCount(pick_logarithmic(1, largest_size_ * 20)), "", pick(0, 1) == 1});
        }
        if (limits_.size() > 1 && pick(0, 9) == 0) limits_[1].time_period = limits_[0].time_period;
        quotas_.clear();
        if (pick(0, 3) == 0) quotas_.push_back({ByteCount(pick(1, largest_size_ * 40)), std::nullopt});
        if (pick(0, 3) == 0) quotas_.push_back({std::nullopt, pick(0, 40)});
    }

    std::int64_t choose_size(const NaiveUser& naive) {
        const std::int64_t kind = pick(0, 9);
        if (kind == 0) return 0;
        if (kind > 4) return pick_logarithmic(1, largest_size_);
        const auto& limit =
            limits_[static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(limits_.size()) - 1))];
        const std::int64_t used = naive.sent(naive.now(wall()), limit.time_period.count()) + naive.reserved();
        return std::max<std::int64_t>(0, limit.max_size.value() - used + pick(-1, 1));
    }

    std::int64_t wall() const { return clock_.now().time_since_epoch().count(); }

    void do_something() {
        const auto who = static_cast<std::size_t>(pick(0, users_per_episode - 1));
        const std::int64_t dice = pick(0, 99);
        if (dice < 42) return reserve(who);
        if (dice < 66) return settle(who);
        if (dice < 74) return release(who);
        if (dice < 78) return settle_and_take_back(who);
        if (dice < 80) return choose_limits();
        if (dice < 90) return move_time();
        if (dice < 95) return look_at_usage(who);
        check(who);
    }

    void expect(bool equal, const char* what, std::size_t who) {
        ++counts[what];
        if (equal) return;
        ++differences;
        if (first_difference.empty()) first_difference = std::string(what) + " of " + names_[who].text();
    }

    void reserve(std::size_t who) {
        NaiveUser& naive = naive_[who];
        const std::int64_t size = choose_size(naive);
        const LedgerTables::Outcome outcome =
            ledger_.reserve({names_[who], ByteCount(size), limits_, quotas_});
        const std::optional<media::LimitRefusal> refusal = naive.broken(limits_, naive.now(wall()), size);
        if (refusal) {
            const auto* told = std::get_if<media::LimitRefusal>(&outcome);
            return expect(told != nullptr && same(*told, refusal), "refused by a limit", who);
        }
        const ByteCount stored(naive.stored() + naive.reserved());
        const auto files = static_cast<std::int64_t>(naive.uploads.size() + naive.reservations.size());
        for (const media::StorageQuota& quota : quotas_) {
            const bool is_broken =
                (quota.max_size && size > 0 && stored + ByteCount(size) > *quota.max_size) ||
                (quota.max_files && files + 1 > *quota.max_files);
            if (!is_broken) continue;
            const auto* told = std::get_if<media::QuotaRefusal>(&outcome);
            return expect(
                told != nullptr && told->quota == quota && told->stored == stored && told->files == files,
                "refused by a quota", who);
        }
        const auto* id = std::get_if<media::ReservationId>(&outcome);
        expect(id != nullptr, "reserved", who);
        if (id != nullptr) naive.reservations.emplace(static_cast<std::uint64_t>(*id), size);
    }

    std::optional<std::pair<std::uint64_t, std::int64_t>> choose_reservation(const NaiveUser& naive) {
        if (naive.reservations.empty()) return std::nullopt;
        const std::int64_t index = pick(0, static_cast<std::int64_t>(naive.reservations.size()) - 1);
        return *std::next(naive.reservations.begin(), static_cast<std::ptrdiff_t>(index));
    }

    void settle(std::size_t who) {
        NaiveUser& naive = naive_[who];
        const auto reservation = choose_reservation(naive);
        if (!reservation) return;
        const LedgerTables::Settled settled = ledger_.settle(media::ReservationId{reservation->first});
        reservations_.end(media::ReservationId{reservation->first});
        naive.newest = naive.now(wall());
        naive.uploads.push_back({naive.newest, reservation->second});
        naive.reservations.erase(reservation->first);
        expect(settled.sent_at.time_since_epoch().count() == naive.newest, "settled", who);
    }

    void settle_and_take_back(std::size_t who) {
        const auto reservation = choose_reservation(naive_[who]);
        if (!reservation) return;
        connection_.execute("SAVEPOINT taken_back");
        static_cast<void>(ledger_.settle(media::ReservationId{reservation->first}));
        connection_.execute("ROLLBACK TO taken_back; RELEASE taken_back");
        look_at_usage(who);
    }

    void release(std::size_t who) {
        const auto reservation = choose_reservation(naive_[who]);
        if (!reservation) return;
        reservations_.end(media::ReservationId{reservation->first});
        naive_[who].reservations.erase(reservation->first);
        ++counts["released"];
    }

    void move_time() {
        ++counts["time moved"];
        const std::int64_t by = pick_logarithmic(1, pick(0, 9) == 0 ? 10 * year_ms : year_ms / 20);
        const bool is_back = pick(0, 3) == 0 && wall() > by;
        const bool is_too_far = wall() > 4'000'000'000'000;
        clock_.jump_wall(std::chrono::milliseconds(is_back || is_too_far ? -by : by));
    }

    void look_at_usage(std::size_t who) {
        const NaiveUser& naive = naive_[who];
        const std::int64_t now = naive.now(wall());
        const std::vector<media::WindowUsage> usages = ledger_.usage(names_[who], limits_);
        bool equal = usages.size() == limits_.size();
        for (std::size_t i = 0; equal && i < limits_.size(); ++i) {
            const std::int64_t period = limits_[i].time_period.count();
            std::optional<base::TimePoint> next_room;
            for (const NaiveUser::Upload& upload : naive.uploads)
                if (!next_room && upload.size > 0 && upload.at > now - period)
                    next_room = base::TimePoint(std::chrono::milliseconds(upload.at + period));
            equal = usages[i].sent == ByteCount(naive.sent(now, period)) &&
                    usages[i].reserved == ByteCount(naive.reserved()) && usages[i].next_room_at == next_room;
        }
        expect(equal, "usage", who);
    }

    void check(std::size_t who) {
        const std::int64_t size = choose_size(naive_[who]);
        const auto told = ledger_.check({names_[who], ByteCount(size), limits_, {}});
        expect(same(told, naive_[who].broken(limits_, naive_[who].now(wall()), size)), "checked", who);
    }

    std::mt19937_64 random_;
    ManualClock clock_;
    std::unique_ptr<base::Metrics> metrics_ = base::make_no_metrics();
    Connection connection_ = migrated_memory();
    Reservations reservations_{*metrics_};
    LedgerTables ledger_{connection_, clock_, reservations_};
    std::vector<NaiveUser> naive_;
    std::vector<matrix::UserId> names_;
    std::vector<media::UploadLimit> limits_;
    std::vector<media::StorageQuota> quotas_;
    std::int64_t largest_size_ = 0;
};

}  // namespace

TEST_CASE("the ledger agrees with a naive model in a million random operations (fewer in slow builds)") {
    const auto seed = static_cast<std::uint64_t>(
        number_from_environment("MXCD_PROPERTY_SEED", static_cast<std::int64_t>(std::random_device()())));
    const std::int64_t operations = number_from_environment("MXCD_PROPERTY_OPERATIONS", default_operations);
    Comparison comparison(seed);
    const auto begun_at = std::chrono::steady_clock::now();
    comparison.run(operations);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begun_at;
    std::string summary = std::to_string(operations) + " operations in " + std::to_string(elapsed.count()) +
                          " s, MXCD_PROPERTY_SEED=" + std::to_string(seed);
    for (const auto& [what, count] : comparison.counts) summary += "; " + what + ": " + std::to_string(count);
    WARN(summary);
    INFO("first difference: " << comparison.first_difference);
    CHECK(comparison.differences == 0);
}

}  // namespace mxcd::metadata::test
