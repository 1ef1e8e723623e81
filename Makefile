# The commands that a person types. Everything else is in CMakeLists.txt and CMakePresets.json.
#   make demo                 sample images, curated; says where the report is
#   make demo IMAGES=folder   the same on your own images
#   make check                every test, in a release build and under the sanitizers
#   make build                the program build/release/winnow
#   make install              into PREFIX (default /usr/local), DESTDIR honoured
PREFIX ?= /usr/local
PICKS ?= 100

.PHONY: demo check quick build install bench format tidy clean

demo:
	@tools/setup.sh build
	@$(MAKE) --no-print-directory build
	@tools/demo.sh "$(IMAGES)" "$(PICKS)"

check:
	@tools/setup.sh check
	@tools/check.py

quick:
	@tools/check.py --quick

build:
	@cmake --preset release -DWN_TESTS=OFF -DCMAKE_INSTALL_PREFIX="$(PREFIX)" >build.log 2>&1 || \
	    { cat build.log; echo "something is missing: 'tools/setup.sh build' installs what winnow needs on Debian 12"; exit 1; }
	@cmake --build --preset release

install: build
	@DESTDIR="$(DESTDIR)" cmake --install build/release

bench: build
	@bench/run.sh

format:
	@find include src apps tests bench -name '*.[ch]' -exec clang-format -i {} +

tidy:
	@cmake --preset dev >/dev/null && find src apps -name '*.c' | xargs -P 2 -n 4 clang-tidy --quiet -p build/dev

clean:
	@rm -rf build build.log demo
