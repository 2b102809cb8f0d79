#include "folder_names.hpp"

#include "mxcd/base/unique_fd.hpp"

#include "disk_calls.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>

namespace mxcd::blobs {

namespace {

struct CloseFolder {
    void operator()(DIR* folder) const { closedir(folder); }
};

}  // namespace

void for_each_name(int parent, const std::string& name,
                   const std::function<void(const std::string&)>& visit) {
    base::UniqueFd file(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) throw_disk_error("cannot open a folder", errno);
    const std::unique_ptr<DIR, CloseFolder> folder(fdopendir(file.get()));
    if (!folder) throw_disk_error("cannot read a folder", errno);
    static_cast<void>(file.release());  // closed with the folder
    for (;;) {
        errno = 0;
        const dirent* entry =
            readdir(folder.get());  // NOLINT(concurrency-mt-unsafe): this stream is ours alone
        if (entry == nullptr && errno != 0) throw_disk_error("cannot read a folder", errno);
        if (entry == nullptr) return;
        const std::string found = entry->d_name;
        if (found != "." && found != "..") visit(found);
    }
}

}  // namespace mxcd::blobs
