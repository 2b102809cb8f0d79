#include "plugin_dispatch.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

/// The text lives as long as `arguments`; null where there is none.
const char* text_of(const Json& arguments, const char* key) {
    const auto found = arguments.find(key);
    if (found == arguments.end() || found->is_null()) return nullptr;
    return found->get_ref<const std::string&>().c_str();
}

std::int64_t number_of(const Json& arguments, const char* key) {
    return arguments.at(key).get<std::int64_t>();
}

mxcd_limit limit_of(const Json& json) {
    mxcd_limit limit{};
    limit.struct_size = sizeof limit;
    limit.can_upgrade = json.value("can_upgrade", false) ? 1 : 0;
    limit.max_bytes = number_of(json, "max_bytes");
    limit.time_period_ms = number_of(json, "time_period_ms");
    limit.info_uri = text_of(json, "info_uri");
    return limit;
}

mxcd_upload upload_of(const Json& arguments) {
    return {sizeof(mxcd_upload), text_of(arguments, "user_id"), number_of(arguments, "size")};
}

mxcd_file file_of(const Json& arguments) {
    mxcd_file file{};
    file.struct_size = sizeof file;
    file.descriptor = -1;
    file.user_id = text_of(arguments, "user_id");
    file.media_id = text_of(arguments, "media_id");
    file.sha256 = text_of(arguments, "sha256");
    file.size = number_of(arguments, "size");
    file.declared_type = text_of(arguments, "declared_type");
    file.sniffed_type = text_of(arguments, "sniffed_type");
    file.file_name = text_of(arguments, "file_name");
    return file;
}

/// One call, as it came.
struct Call {
    Plugin& plugin;
    std::uint64_t number;
    const Json& arguments;
    base::UniqueFd file;
};

struct Callback {
    std::string_view name;
    bool (*is_there)(const mxcd_plugin&);
    void (*make)(Call& call);
};

constexpr std::array<Callback, 7> callbacks{{
    {"get_media_config_for_user",
     [](const mxcd_plugin& table) { return table.get_media_config_for_user != nullptr; },
     [](Call& call) {
         const mxcd_user user{sizeof user, text_of(call.arguments, "user_id")};
         call.plugin.call(call.plugin.table().get_media_config_for_user, call.number, user);
     }},
    {"is_user_allowed_to_upload_media_of_size",
     [](const mxcd_plugin& table) { return table.is_user_allowed_to_upload_media_of_size != nullptr; },
     [](Call& call) {
         const mxcd_upload upload = upload_of(call.arguments);
         call.plugin.call(call.plugin.table().is_user_allowed_to_upload_media_of_size, call.number, upload);
     }},
    {"get_media_upload_limits_for_user",
     [](const mxcd_plugin& table) { return table.get_media_upload_limits_for_user != nullptr; },
     [](Call& call) {
         const mxcd_upload upload = upload_of(call.arguments);
         call.plugin.call(call.plugin.table().get_media_upload_limits_for_user, call.number, upload);
     }},
    {"check_media_file", [](const mxcd_plugin& table) { return table.check_media_file != nullptr; },
     [](Call& call) {
         mxcd_file file = file_of(call.arguments);
         file.descriptor = call.file.release();
         call.plugin.call<const mxcd_file>(call.plugin.table().check_media_file, call.number, file);
     }},
    {"on_media_upload_limit_exceeded",
     [](const mxcd_plugin& table) { return table.on_media_upload_limit_exceeded != nullptr; },
     [](Call& call) {
         mxcd_limit limit = limit_of(call.arguments.at("limit"));
         const mxcd_limit_exceeded event{sizeof event, text_of(call.arguments, "user_id"), &limit,
                                         number_of(call.arguments, "sent_bytes"),
                                         number_of(call.arguments, "attempted_bytes")};
         call.plugin.call(call.plugin.table().on_media_upload_limit_exceeded, call.number, event);
     }},
    {"on_media_uploaded", [](const mxcd_plugin& table) { return table.on_media_uploaded != nullptr; },
     [](Call& call) {
         const mxcd_uploaded event{sizeof event, text_of(call.arguments, "user_id"),
                                   text_of(call.arguments, "media_id"), number_of(call.arguments, "size")};
         call.plugin.call(call.plugin.table().on_media_uploaded, call.number, event);
     }},
    {"on_media_deleted", [](const mxcd_plugin& table) { return table.on_media_deleted != nullptr; },
     [](Call& call) {
         const mxcd_deleted event{sizeof event, text_of(call.arguments, "media_id")};
         call.plugin.call(call.plugin.table().on_media_deleted, call.number, event);
     }},
}};

}  // namespace

std::vector<std::string> callbacks_of(const mxcd_plugin& table) {
    std::vector<std::string> names;
    for (const Callback& callback : callbacks)
        if (callback.is_there(table)) names.emplace_back(callback.name);
    return names;
}

void call_plugin(Plugin& plugin, const std::string& callback, std::uint64_t number, const Json& arguments,
                 base::UniqueFd file) {
    const auto* const found =
        std::find_if(callbacks.begin(), callbacks.end(),
                     [&callback](const Callback& each) { return each.name == callback; });
    if (found == callbacks.end() || !found->is_there(plugin.table())) {
        plugin.calls().answer(number, PluginFailure{"it has no such callback"});
        return;
    }
    Call call{plugin, number, arguments, std::move(file)};
    found->make(call);
}

}  // namespace mxcd::modules
