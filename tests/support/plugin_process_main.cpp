// The process of a plugin, for tests of the room: what `mxcd plugin-host` is in the service.
#include "mxcd/modules/library.hpp"

int main() { return mxcd::modules::run_plugin_process(); }
