#ifdef MXCD_FAILPOINTS

#include "mxcd/base/failpoint.hpp"

#include "mxcd/base/errors.hpp"

#include "base/failpoint_plan.hpp"
#include "support/catch.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

using mxcd::base::FailpointPlan;
using mxcd::base::StorageError;
using mxcd::base::StorageFull;

TEST_CASE("a failpoint without a plan does nothing") {
    FailpointPlan plan = FailpointPlan::parse("").value();
    CHECK_NOTHROW(plan.reach("upload.spooled"));
    CHECK_NOTHROW(MXCD_FAILPOINT("nothing.is.planned.here"));
}

TEST_CASE("an error without a number happens at every hit, and only there") {
    FailpointPlan plan = FailpointPlan::parse("blob.flush=error;disk=full").value();
    CHECK_THROWS_AS(plan.reach("blob.flush"), StorageError);
    CHECK_THROWS_AS(plan.reach("blob.flush"), StorageError);
    CHECK_THROWS_AS(plan.reach("disk"), StorageFull);
    CHECK_NOTHROW(plan.reach("blob.flus"));
    CHECK_NOTHROW(plan.reach("blob.flush2"));
}

TEST_CASE("a number is the one hit that fails") {
    FailpointPlan plan = FailpointPlan::parse("a=error:3").value();
    CHECK_NOTHROW(plan.reach("a"));
    CHECK_NOTHROW(plan.reach("a"));
    CHECK_THROWS_AS(plan.reach("a"), StorageError);
    CHECK_NOTHROW(plan.reach("a"));
}

TEST_CASE("a delay takes 50 milliseconds") {
    FailpointPlan plan = FailpointPlan::parse("a=delay").value();
    const auto start = std::chrono::steady_clock::now();
    plan.reach("a");
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(50));
}

TEST_CASE("kill ends the process at once with SIGKILL") {
    FailpointPlan plan = FailpointPlan::parse("a=kill:2").value();
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        plan.reach("a");
        plan.reach("a");
        _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("a mistyped plan is noticed") {
    for (const char* wrong : {"a", "a=", "=error", "a=explode", "a=error:", "a=error:0", "a=error:-1",
                              "a=error:x", "a=error:1:2", "a=error;b", "a = error"}) {
        CAPTURE(wrong);
        CHECK_FALSE(FailpointPlan::parse(wrong));
    }
    CHECK(FailpointPlan::parse(";a=error;;b=kill;"));
}

#endif
