#pragma once

#include <set>
#include <string>
#include <vector>

namespace mxcd::app {

/// A place in a configuration file. Line 0: nowhere in particular.
struct Mark {
    std::string file;
    int line = 0;
};

/// Something about the configuration that the operator should hear of.
struct Remark {
    Mark where;
    std::string key;  // dotted path, e.g. `listeners[0].port`; may be empty
    std::string reason;
    std::string suggestion;  // the nearest known key or value; may be empty

    /// `file:line: key: reason (did you mean "...")`
    [[nodiscard]] std::string text() const;
};

/// Everything that was found while configuration was read: all of it, not only the first.
struct Report {
    std::vector<Remark> mistakes;  // any of them: the configuration cannot be used
    std::vector<Remark> warnings;
    /// Every key that was asked for, with `[]` for an index.
    std::set<std::string> known_keys;
};

}  // namespace mxcd::app
