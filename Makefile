# Thin on purpose: what is missing is installed, the rest is CMake's.
.PHONY: build check demo install-packages clean

BUILD = build
SANITIZED = build-asan

build: install-packages
	@cmake -S . -B $(BUILD) -G Ninja >$(BUILD)-configure.log || (cat $(BUILD)-configure.log; exit 1)
	@cmake --build $(BUILD)

# Everything twice: under AddressSanitizer and UndefinedBehaviorSanitizer, then as it is shipped.
check: build
	@cmake -S . -B $(SANITIZED) -G Ninja -DTWOFOLD_SANITIZE=ON >$(SANITIZED)-configure.log || \
		(cat $(SANITIZED)-configure.log; exit 1)
	@cmake --build $(SANITIZED)
	ctest --test-dir $(SANITIZED) --output-on-failure -j 4
	ctest --test-dir $(BUILD) --output-on-failure -j 4

demo: build
	@tests/e2e/demo.sh $(BUILD)/bin

install-packages:
	@.ci/install

clean:
	rm -rf $(BUILD) $(SANITIZED) $(BUILD)-configure.log $(SANITIZED)-configure.log
