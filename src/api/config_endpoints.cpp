#include "config_endpoints.hpp"

#include <optional>
#include <utility>

namespace mxcd::api {

async::Task<http::Response> ConfigEndpoints::config(const Call& call) const {
    const std::shared_ptr<const media::UploadPolicy> policy = uploads_.policy();
    if (policy->modules && policy->modules->tells_config(call.user())) {
        const std::optional<matrix::Json> answer = co_await policy->modules->media_config(call.user());
        if (answer) co_return headers_.json(200, *answer);
    }
    co_return headers_.json(200,
                            "{\"m.upload.size\":" + std::to_string(policy->max_upload_size.value()) + "}");
}

}  // namespace mxcd::api
