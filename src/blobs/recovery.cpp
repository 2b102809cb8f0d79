#include "recovery.hpp"

#include "mxcd/base/log.hpp"

#include "disk_calls.hpp"
#include "folder_names.hpp"
#include "spool_name.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <vector>

namespace mxcd::blobs {

namespace {

constexpr base::Logger logger("blobs");

/// True when it was there.
bool remove_name(int folder, const std::string& name) {
    if (unlinkat(folder, name.c_str(), 0) == 0) return true;
    if (errno != ENOENT) throw_disk_error("cannot remove what a crash left behind", errno);
    return false;
}

}  // namespace

void recover_spool(const Folders& folders, const std::function<bool(const media::BlobKey&)>& is_referenced) {
    std::vector<std::string> names;
    for_each_name(folders.spool.get(), ".", [&names](const std::string& name) { names.push_back(name); });
    std::int64_t bodies = 0;
    std::int64_t blobs = 0;
    std::int64_t unknown = 0;
    for (const std::string& name : names) {
        const std::optional<media::BlobKey> key = key_in_spool_name(name);
        if (!key && !is_spool_name(name)) {
            ++unknown;
            continue;
        }
        // The bytes before the name: killed in between, the next start still finds the name.
        if (key && !is_referenced(*key) && remove_name(folders.blobs.get(), blob_path(*key))) ++blobs;
        if (remove_name(folders.spool.get(), name)) ++bodies;
    }
    if (bodies > 0)
        logger.info("unfinished uploads were removed", {{"spool_files", bodies}, {"blobs", blobs}});
    if (unknown > 0) logger.warn("the spool folder holds files that are not ours", {{"count", unknown}});
}

}  // namespace mxcd::blobs
