#include "version.hpp"

#include <boost/version.hpp>

#ifndef MXCD_VERSION
#error "the build system says which version this is"
#endif

namespace mxcd::app {

std::string version() { return MXCD_VERSION; }

std::string build_facts() {
    std::string facts = "built with ";
#ifdef __clang__
    facts += "clang " __clang_version__;
#else
    facts += "gcc " __VERSION__;
#endif
    facts += ", Boost " + std::to_string(BOOST_VERSION / 100000) + "." +
             std::to_string(BOOST_VERSION / 100 % 1000);
#ifdef NDEBUG
    facts += ", release";
#else
    facts += ", debug";
#endif
#ifdef MXCD_FAILPOINTS
    facts += ", with failpoints";
#endif
    return facts;
}

}  // namespace mxcd::app
