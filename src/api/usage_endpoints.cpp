#include "usage_endpoints.hpp"

namespace mxcd::api {

namespace {

matrix::Json window(const media::WindowUsage& usage) {
    matrix::Json json = matrix::Json::object();
    json["time_period_ms"] = usage.limit.time_period.count();
    json["max_bytes"] = usage.limit.max_size.value();
    json["used_bytes"] = usage.sent.value();
    json["reserved_bytes"] = usage.reserved.value();
    if (usage.next_room_at) json["room_returns_at"] = usage.next_room_at->time_since_epoch().count();
    if (!usage.limit.info_uri.empty()) json["info_uri"] = usage.limit.info_uri;
    if (usage.limit.can_upgrade) json["can_upgrade"] = true;
    return json;
}

}  // namespace

async::Task<http::Response> UsageEndpoints::usage(const Call& call) const {
    const media::UserUsage usage = co_await usage_.of(call.user());
    matrix::Json answer = matrix::Json::object();
    answer["org.matrix.msc4034.storage.used"] = usage.stored.bytes.value();
    answer["org.matrix.msc4034.storage.files"] = usage.stored.files;
    answer["mxcd.limits"] = matrix::Json::array();
    for (const media::WindowUsage& each : usage.windows) answer["mxcd.limits"].push_back(window(each));
    co_return headers_.json(200, answer);
}

}  // namespace mxcd::api
