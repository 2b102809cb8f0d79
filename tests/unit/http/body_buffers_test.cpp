#include "http/body_buffers.hpp"

#include "mxcd/base/errors.hpp"

#include "support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <vector>

namespace mxcd::http {

namespace {

using Loans = std::vector<std::optional<BodyBuffers::Loan>>;

async::Task<> borrow_into(BodyBuffers& buffers, Loans& loans, std::size_t index) {
    BodyBuffers::Loan loan = co_await buffers.borrow();
    loans.at(index) = std::move(loan);
}

/// One io thread's worth of borrowers, run by hand.
struct Borrowers {
    boost::asio::io_context context{1};
    BodyBuffers buffers;
    Loans loans;
    std::vector<std::exception_ptr> failures;

    explicit Borrowers(std::size_t places) : buffers(places), loans(8), failures(8) {}
    ~Borrowers() { loans.clear(); }
    Borrowers(const Borrowers&) = delete;
    Borrowers& operator=(const Borrowers&) = delete;

    void ask(std::size_t index) {
        boost::asio::co_spawn(context.get_executor(), borrow_into(buffers, loans, index),
                              [this, index](std::exception_ptr failure) { failures.at(index) = failure; });
        run();
    }
    void run() {
        context.restart();
        context.poll();
    }
};

}  // namespace

TEST_CASE("body buffers: who comes when all are lent waits, and is served in turn") {
    Borrowers borrowers(2);
    for (std::size_t i = 0; i < 4; ++i) borrowers.ask(i);
    CHECK(borrowers.loans[0]);
    CHECK(borrowers.loans[1]);
    CHECK_FALSE(borrowers.loans[2]);

    borrowers.loans[1].reset();
    borrowers.run();
    CHECK(borrowers.loans[2]);
    CHECK_FALSE(borrowers.loans[3]);

    borrowers.loans[0].reset();
    borrowers.run();
    CHECK(borrowers.loans[3]);
}

TEST_CASE("body buffers: a place that nobody waits for is there for the next") {
    Borrowers borrowers(1);
    for (std::size_t i = 0; i < 3; ++i) {
        borrowers.ask(i);
        CHECK(borrowers.loans[i]);
        borrowers.loans[i].reset();
    }
}

TEST_CASE("body buffers: who has waited for 30 s is told that we are overloaded, and takes no place") {
    Borrowers borrowers(1);
    borrowers.ask(0);
    borrowers.ask(1);
    borrowers.buffers.check_deadlines(SteadyClock::now() + std::chrono::seconds(29));
    borrowers.run();
    CHECK_FALSE(borrowers.failures[1]);

    borrowers.buffers.check_deadlines(SteadyClock::now() + std::chrono::seconds(31));
    borrowers.run();
    REQUIRE(borrowers.failures[1]);
    CHECK_THROWS_AS(std::rethrow_exception(borrowers.failures[1]), base::Overloaded);

    borrowers.loans[0].reset();
    borrowers.ask(2);
    CHECK(borrowers.loans[2]);
}

TEST_CASE("body buffers: memory that nobody needs for a while is given back, piece by piece") {
    Pool<int> pool(4);
    std::vector<Pool<int>::Loan> loans;
    for (int i = 0; i < 3; ++i) loans.push_back(pool.borrow());
    loans.clear();
    CHECK(pool.idle() == 3);
    pool.trim();  // all were needed since the last time
    CHECK(pool.idle() == 3);
    loans.push_back(pool.borrow());
    loans.clear();
    pool.trim();  // one was needed
    CHECK(pool.idle() == 2);
    for (int i = 0; i < 5; ++i) pool.trim();
    CHECK(pool.idle() == 0);
}

}  // namespace mxcd::http
