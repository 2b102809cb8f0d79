#include "metadata/read_round.hpp"

#include "mxcd/base/metrics.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temp_folder.hpp"

namespace mxcd::metadata::test {

namespace {

enum class Place : std::uint8_t { anywhere, outside };

/// Notes whether it ran in a transaction.
class Noted final : public Read {
  public:
    Noted(Place place, std::vector<bool>& in_transaction) : place_(place), in_transaction_(in_transaction) {}

    [[nodiscard]] bool may_share_transaction() const override { return place_ == Place::anywhere; }
    void run(Store& store) noexcept override { in_transaction_.push_back(store.connection.in_transaction()); }

  private:
    Place place_;
    std::vector<bool>& in_transaction_;
};

struct Round {
    /// Of each, in the order in which they ran, whether it was in a transaction.
    std::vector<bool> run(const std::vector<Place>& places) {
        std::vector<bool> in_transaction;
        std::vector<std::unique_ptr<Read>> reads;
        reads.reserve(places.size());
        for (const Place place : places) reads.push_back(std::make_unique<Noted>(place, in_transaction));
        ReadRound(*store).run(reads);
        return in_transaction;
    }

    const mxcd::test::TempFolder folder;
    const mxcd::test::ManualClock clock;
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    Reservations reservations{*metrics};
    const std::unique_ptr<Store> store = open_store(folder.path() / "mxcd.db", clock, reservations);
};

}  // namespace

TEST_CASE("reads that wait together share a transaction, which ends with them") {
    Round round;
    CHECK(round.run({Place::anywhere, Place::anywhere}) == std::vector{true, true});
    CHECK_FALSE(round.store->connection.in_transaction());
}

TEST_CASE("what must be outside a transaction is, and comes first") {
    Round round;
    CHECK(round.run({Place::anywhere, Place::outside, Place::anywhere}) == std::vector{false, true, true});
}

TEST_CASE("reads are answered also when their transaction cannot begin") {
    Round round;
    round.store->connection.execute("BEGIN");
    CHECK(round.run({Place::anywhere, Place::anywhere}).size() == 2);
}

}  // namespace mxcd::metadata::test
