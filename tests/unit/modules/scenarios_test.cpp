#include "scripted_builtin.hpp"

using namespace mxcd::test;

TEST_CASE("builtin modules keep to the table of scenarios") { run_module_scenarios(builtin_kind()); }
