# Builds the darknet program, libdarknet.a and libdarknet.so. `make help` lists the targets.
#
# Objects live in build/<name of the flags>/, so objects of different flags never mix.

OPENMP  ?= 1
OPENCV  ?= 0
DEBUG   ?= 0
GPU     ?= 0
CUDNN   ?= 0
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
CXX     ?= c++
AR      ?= ar
PKG_CONFIG ?= pkg-config
VERSION := 0.1.0

ifneq ($(filter-out 0,$(GPU) $(CUDNN) $(CUDNN_HALF)),)
$(error This program computes on the CPU only: build it with GPU=0 CUDNN=0)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
CFLAGS   ?=
SANITIZE ?=
OPT      := $(if $(filter 1,$(DEBUG)),-O0 -g,-O3 -g)
ARCH     := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))

PACKAGES := libjpeg libpng stb $(if $(filter 1,$(OPENCV)),opencv4)
DEP_CFLAGS := $(subst -I,-isystem ,$(shell $(PKG_CONFIG) --cflags $(PACKAGES)))
DEP_LIBS := $(shell $(PKG_CONFIG) --libs libjpeg libpng)
ifeq ($(OPENCV),1)
DEP_LIBS += -lopencv_core -lopencv_highgui -lopencv_imgproc -lstdc++
endif

ALL_CFLAGS = -std=gnu11 $(OPT) -ffp-contract=off -fno-math-errno -fvisibility=hidden -fPIC \
             $(WARNINGS) $(if $(filter 1,$(OPENMP)),-fopenmp,-Wno-unknown-pragmas) $(SANITIZE) \
             -D_GNU_SOURCE -DDN_VERSION='"$(VERSION)"' $(if $(filter 1,$(OPENCV)),-DDN_OPENCV) \
             -Iinclude -Isrc $(DEP_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK_FLAGS = $(if $(filter 1,$(OPENMP)),-fopenmp) $(SANITIZE) $(LDFLAGS)
LIBS     = $(DEP_LIBS) -lm -lpthread

# The program is linked statically where that works: shared libraries would cost it two megabytes of
# resident memory. STATIC=0 links it to the shared ones.
QUIET := -Wl,--no-warnings
STATIC ?= $(if $(SANITIZE)$(filter 1,$(OPENCV)),0,$(shell probe=$$(mktemp) && \
  printf 'int main(void) { int n = 0; _Pragma("omp parallel num_threads(2)") n = 1; return !n; }' | \
  $(CC) -static $(QUIET) $(if $(filter 1,$(OPENMP)),-fopenmp) -w -x c -o $$probe - \
  $(shell $(PKG_CONFIG) --static --libs libjpeg libpng) -lm -lpthread 2>/dev/null && $$probe 2>/dev/null && echo 1; rm -f $$probe))
PROGRAM_LIBS = $(if $(filter 1,$(STATIC)),-static $(QUIET) $(shell $(PKG_CONFIG) --static --libs libjpeg libpng) -lm -lpthread,$(LIBS))

# The kernel reads pages around those that a program needs: debug information in the file takes memory of the
# cgroup that the program runs in. The libraries keep theirs, and so does DEBUG=1.
PROGRAM_FLAGS = $(if $(SANITIZE)$(filter 1,$(DEBUG)),,-Wl,--strip-debug)

CONFIG := $(shell echo '$(CC) $(CXX) $(ALL_CFLAGS) $(LINK_FLAGS)' | cksum | cut -d' ' -f1)
BUILD  := build/$(notdir $(firstword $(CC)))-$(CONFIG)

LIB_SRC := $(filter-out src/cli/% src/kernel/x86/% src/kernel/arm/%,$(wildcard src/*/*.c))
ifneq ($(filter x86_64 i686,$(ARCH)),)
LIB_SRC += $(wildcard src/kernel/x86/*.c)
endif
ifneq ($(filter aarch64 arm64,$(ARCH)),)
LIB_SRC += $(wildcard src/kernel/arm/*.c)
endif
LIB_CXX := $(if $(filter 1,$(OPENCV)),$(wildcard src/*/*.cpp))
CLI_SRC := $(wildcard src/cli/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o) $(LIB_CXX:%.cpp=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)

TEST_SRC := $(wildcard tests/*/test_*.c)
TESTS    := $(TEST_SRC:tests/%.c=$(BUILD)/tests/%)
SUPPORT  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))

comma := ,

.PHONY: all test test-neon demo asan ubsan tsan lint bench bench-kernels install uninstall clean help tests
all: darknet libdarknet.a libdarknet.so

# The products in the top folder follow the flags of the last build.
darknet: $(BUILD)/darknet FORCE
	@cmp -s $< $@ || { rm -f $@; cp $< $@; }
libdarknet.a: $(BUILD)/libdarknet.a FORCE
	@cmp -s $< $@ || { rm -f $@; cp $< $@; }
libdarknet.so: $(BUILD)/libdarknet.so FORCE
	@cmp -s $< $@ || { rm -f $@; cp $< $@; }
FORCE:

$(BUILD)/darknet: $(CLI_OBJ) $(BUILD)/libdarknet.a
	$(CC) $(LINK_FLAGS) $(PROGRAM_FLAGS) -o $@ $(CLI_OBJ) $(BUILD)/libdarknet.a $(PROGRAM_LIBS)
$(BUILD)/libdarknet.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/libdarknet.so: $(LIB_OBJ)
	$(CC) $(LINK_FLAGS) -shared -Wl,-soname,libdarknet.so -o $@ $^ $(LIBS)

$(BUILD)/src/kernel/x86/avx2%.o: ALL_CFLAGS += -mavx2 -mfma
$(BUILD)/src/kernel/x86/avx512%.o: ALL_CFLAGS += -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma \
                                                 -mprefer-vector-width=512

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) -std=c++17 $(OPT) -fPIC -fvisibility=hidden -Isrc $(DEP_CFLAGS) -MMD -MP -c -o $@ $<

CHECK_CFLAGS = $(shell $(PKG_CONFIG) --cflags check)
CHECK_LIBS   = $(shell $(PKG_CONFIG) --libs check)
$(BUILD)/tests/%.o: ALL_CFLAGS += -Itests $(CHECK_CFLAGS)
$(TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT) $(BUILD)/libdarknet.a
	$(CC) $(LINK_FLAGS) -o $@ $< $(SUPPORT) $(BUILD)/libdarknet.a $(CHECK_LIBS) $(LIBS)
# Where a sanitizer has replaced malloc, tests/support/scarce.c stands in front of it.
SCARCE := $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc aligned_alloc strdup strndup)
$(TESTS): LINK_FLAGS += $(if $(findstring address,$(SANITIZE))$(findstring thread,$(SANITIZE)),$(SCARCE))
# Arenas of these end at an unmapped page, see tests/support/net_run.h.
$(filter $(addprefix $(BUILD)/tests/,plan/% exec/% layer/% net/%),$(TESTS)): LINK_FLAGS += -Wl,--wrap=mmap -Wl,--wrap=munmap
$(BUILD)/tests/base/test_file: LINK_FLAGS += -Wl,--wrap=open
$(BUILD)/tests/exec/test_stream: LINK_FLAGS += -Wl,--wrap=pread
tests: all $(TESTS)
	@echo $(TESTS) >$(BUILD)/tests/list

# Programs that time kernels, and the kernels of aarch64 under an emulator; no test framework.
BENCHES := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*/bench_*.c))
COUNTS  := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*/count_*.c))
$(BENCHES) $(COUNTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libdarknet.a
	$(CC) $(LINK_FLAGS) -o $@ $< $(BUILD)/libdarknet.a $(LIBS)
bench-kernels: $(BENCHES)
	@for bench in $(BENCHES); do $$bench || exit 1; done
NEON_CC  ?= aarch64-linux-gnu-gcc
NEON_RUN ?= qemu-aarch64
NEON_SRC := $(wildcard src/kernel/*.c src/kernel/arm/*.c) src/base/cpu.c
NEON_SUPPORT := $(patsubst %,tests/support/%.c,conv_case row_case guard)
test-neon:
	@mkdir -p $(BUILD)/tests/kernel
	@for test in $(patsubst tests/%.c,%,$(wildcard tests/kernel/neon_*.c)); do \
	  $(NEON_CC) -static -std=gnu11 -O3 -ffp-contract=off -fno-math-errno $(WARNINGS) \
	    -Wno-unknown-pragmas -D_GNU_SOURCE -Isrc -Itests -o $(BUILD)/tests/$$test \
	    tests/$$test.c $(NEON_SUPPORT) $(NEON_SRC) -lm && \
	  $(NEON_RUN) $(BUILD)/tests/$$test || exit 1; done

test:
	scripts/test.sh
demo:
	scripts/demo.sh
asan:
	$(MAKE) SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" tests
	scripts/run-tests.sh "$$($(MAKE) -s SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" print-build)"
ubsan:
	$(MAKE) SANITIZE="-fsanitize=undefined -fno-sanitize-recover=all" tests
	scripts/run-tests.sh "$$($(MAKE) -s SANITIZE="-fsanitize=undefined -fno-sanitize-recover=all" print-build)"
tsan:
	$(MAKE) CC=clang SANITIZE="-fsanitize=thread" tests
	TSAN_OPTIONS=ignore_noninstrumented_modules=1 \
	  scripts/run-tests.sh "$$($(MAKE) -s CC=clang SANITIZE="-fsanitize=thread" print-build)"
print-build:
	@echo $(BUILD)
lint:
	scripts/lint.sh
bench: all bench-kernels
	scripts/bench-peers.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 755 darknet $(DESTDIR)$(PREFIX)/bin/darknet
	install -m 644 libdarknet.a $(DESTDIR)$(PREFIX)/lib/libdarknet.a
	install -m 755 libdarknet.so $(DESTDIR)$(PREFIX)/lib/libdarknet.so
	install -m 644 include/darknet.h $(DESTDIR)$(PREFIX)/include/darknet.h
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' \
	  'Name: darknet' 'Description: Darknet models in bounded memory' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -ldarknet' \
	  'Libs.private: $(LIBS) $(if $(filter 1,$(OPENMP)),-fopenmp)' \
	  >$(DESTDIR)$(PREFIX)/lib/pkgconfig/darknet.pc
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/darknet $(DESTDIR)$(PREFIX)/lib/libdarknet.a \
	  $(DESTDIR)$(PREFIX)/lib/libdarknet.so $(DESTDIR)$(PREFIX)/include/darknet.h \
	  $(DESTDIR)$(PREFIX)/lib/pkgconfig/darknet.pc
clean:
	rm -rf build darknet libdarknet.a libdarknet.so
help:
	@echo 'make [OPENCV=1] [OPENMP=0] [DEBUG=1] [CC=clang] TARGET'
	@echo '  all        darknet, libdarknet.a, libdarknet.so (the default)'
	@echo '  test       install what the tests need, build, run everything'
	@echo '  test-neon  the aarch64 kernels against the scalar ones, under qemu'
	@echo '  demo       find faces in a photo with a model fetched from npm'
	@echo '  asan       the test programs under AddressSanitizer and UBSan'
	@echo '  ubsan      the test programs under UBSan'
	@echo '  tsan       the test programs under ThreadSanitizer (clang)'
	@echo '  lint       layering, exported symbols, formatting, static analysis'
	@echo '  bench      kernel and network benchmarks; bench-kernels: only kernels'
	@echo '  install    to $$(DESTDIR)$$(PREFIX), with darknet.pc; uninstall removes it'
	@echo '  clean      remove everything that was built'

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(SUPPORT:.o=.d) $(TESTS:=.d) $(BENCHES:=.d) $(COUNTS:=.d)
