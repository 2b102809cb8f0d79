#include "mxcd/modules/builtin.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"

using namespace mxcd;
using namespace mxcd::base::literals;

TEST_CASE("the total quota is the same for everybody and says nothing else") {
    test::TaskRunner runner;
    const matrix::UserId user = matrix::UserId::parse("@a:b").value();
    const auto module = modules::make_total_quota({10_B, 3});
    const std::vector<media::StorageQuota> quotas = runner.run(module->storage_quotas(user));
    CHECK(quotas == std::vector{media::StorageQuota{10_B, 3}});
    CHECK(module->answers_at_once());
    CHECK_FALSE(runner.run(module->media_config(user)));
    CHECK_FALSE(runner.run(module->upload_limits(user, base::ByteCount(1))));
}
