#include "scripted_builtin.hpp"
#include "support/many_calls.hpp"

using namespace mxcd::test;

TEST_CASE("builtin modules keep to the table of scenarios") { run_module_scenarios(builtin_kind()); }

TEST_CASE("calls of builtin modules do not queue behind a slow one") {
    TaskRunner runner;
    ManyCalls(builtin_kind(), runner).check();
}
