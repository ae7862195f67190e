# Thin on purpose: what is missing is installed, the rest is CMake's.
.PHONY: build check rig bench demo clean

BUILD = build
SANITIZED = build-asan

# A failure is one on either side of a pipe.
SHELL = /bin/bash
.SHELLFLAGS = -o pipefail -c

build:
	@.ci/install build
	@cmake -S . -B $(BUILD) -G Ninja -DTWOFOLD_TESTS=$(TESTS) >$(BUILD)-configure.log || \
		(cat $(BUILD)-configure.log; exit 1)
	@cmake --build $(BUILD)

# Everything twice: under AddressSanitizer and UndefinedBehaviorSanitizer, then as it is shipped. The
# lints look at the source and run once. The table says which attacks of the corpus were tried; last
# come ctest's own words once more.
check:
	@.ci/install
	@$(MAKE) --no-print-directory build TESTS=ON
	@cmake -S . -B $(SANITIZED) -G Ninja -DTWOFOLD_SANITIZE=ON -DTWOFOLD_TESTS=ON \
		>$(SANITIZED)-configure.log || (cat $(SANITIZED)-configure.log; exit 1)
	@cmake --build $(SANITIZED)
	ctest --test-dir $(SANITIZED) --output-on-failure -j 4 -LE lint --output-junit results.xml
	@status=0; \
	ctest --test-dir $(BUILD) --output-on-failure -j 4 --output-junit results.xml \
		| tee $(BUILD)/check.log || status=$$?; \
	tests/attack/table.sh {$(SANITIZED),$(BUILD)}/results.xml || status=1; \
	sed -n '/% tests passed/,$$p' $(BUILD)/check.log; \
	exit $$status

# What a verification costs, beside an echo on the same bus and beside peers (about twenty minutes):
# tests/bench/bench.mjs says how, and which settings there are.
bench:
	@.ci/install build unit test bench
	@cmake -S . -B $(BUILD) -G Ninja -DTWOFOLD_TESTS=ON >$(BUILD)-configure.log || \
		(cat $(BUILD)-configure.log; exit 1)
	@cmake --build $(BUILD) --target bench_programs
	@node tests/bench/bench.mjs $(BUILD)

# docker/ built and run on an engine of its own (about five minutes; needs root, and installs that engine).
rig:
	@RIG_INSTALL=1 RIG_REQUIRE=1 tests/rig.sh

demo:
	@.ci/install
	@$(MAKE) --no-print-directory build
	@tests/e2e/demo.sh $(BUILD)/bin

clean:
	rm -rf $(BUILD) $(SANITIZED) $(BUILD)-configure.log $(SANITIZED)-configure.log

TESTS = OFF
