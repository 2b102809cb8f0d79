#pragma once

#include <magic.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mxcd::modules {

/// Tells types of files by their first bytes, with libmagic's database, which is loaded at the first use.
/// Thread-safe; blocks, so it is for workers.
class Sniffer {
  public:
    /// Throws std::runtime_error when the database cannot be loaded.
    void load() { give_back(take()); }

    /// The lower-case `type/subtype`. Throws base::StorageError when libmagic fails.
    [[nodiscard]] std::string type_of(const std::string& head);

  private:
    struct Close {
        void operator()(magic_t cookie) const { magic_close(cookie); }
    };
    /// libmagic's state, which one thread at a time may use.
    using Cookie = std::unique_ptr<magic_set, Close>;

    static Cookie open();
    Cookie take();
    void give_back(Cookie cookie);

    std::mutex mutex_;
    std::vector<Cookie> idle_;  // never more than there were workers at once
};

}  // namespace mxcd::modules
