#include "exit_codes.hpp"

#include "mxcd/blobs/folder_store.hpp"
#include "mxcd/http/server.hpp"
#include "mxcd/metadata/database.hpp"
#include "mxcd/modules/children.hpp"

namespace mxcd::app {

namespace {

ExitCode code_of(metadata::OpenError::Reason reason) {
    using Reason = metadata::OpenError::Reason;
    if (reason == Reason::in_use) return ExitCode::in_use;
    if (reason == Reason::permission) return ExitCode::permission;
    if (reason == Reason::damaged) return ExitCode::damaged_data;
    if (reason == Reason::newer_schema) return ExitCode::configuration;
    return ExitCode::unavailable;
}

ExitCode code_of(blobs::OpenError::Reason reason) {
    using Reason = blobs::OpenError::Reason;
    if (reason == Reason::in_use) return ExitCode::in_use;
    if (reason == Reason::permission) return ExitCode::permission;
    return ExitCode::unavailable;
}

}  // namespace

ExitCode exit_code_of(const std::exception& failure) {
    if (const auto* command = dynamic_cast<const CommandError*>(&failure)) return command->exit_code;
    if (const auto* database = dynamic_cast<const metadata::OpenError*>(&failure))
        return code_of(database->reason);
    if (const auto* store = dynamic_cast<const blobs::OpenError*>(&failure)) return code_of(store->reason);
    if (const auto* bind = dynamic_cast<const http::BindError*>(&failure))
        return bind->is_permission ? ExitCode::permission : ExitCode::os_error;
    if (dynamic_cast<const modules::LoadError*>(&failure) != nullptr) return ExitCode::configuration;
    return ExitCode::os_error;
}

}  // namespace mxcd::app
