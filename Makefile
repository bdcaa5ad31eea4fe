# filch: one Makefile for the library, the program and the tests.
#
#   make            build            make check      every test
#   make run        demonstration    make help       the rest
#
# V=1 shows the commands, SANITIZE=address,undefined builds with the
# sanitizers (into a folder of its own), DEVELOPER=1 makes warnings errors,
# NO_INSTALL=1 says which packages are missing instead of installing them.

ifneq ($(filter default undefined,$(origin CC)),)
CC := gcc
endif
ifneq ($(filter default undefined,$(origin AR)),)
AR := ar
endif
CLANG      ?= clang
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3
PREFIX     ?= /usr/local
BUILD      ?= build$(if $(SANITIZE),-san)
JOBS       ?= 2
FUZZ_TIME  ?= 60
VERSION    := 0.1.0

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules --no-print-directory

# What must be installed, by name on each distribution. The stage says for
# what: build; check (make check); more (make lint, fuzz, bench). The probe is
# a command, a pkg-config module, a python module, or a compiler that can fuzz.
# a/b: the first that the distribution has.
define DEPS
# stage | probe           | Debian, Ubuntu      | Fedora                  | Arch            | Alpine
build   | cmd:gcc         | gcc libc6-dev       | gcc glibc-devel         | gcc             | gcc musl-dev linux-headers
build   | cmd:ar          | binutils            | binutils                | binutils        | binutils
build   | cmd:pkg-config  | pkg-config          | pkgconf-pkg-config      | pkgconf         | pkgconf
build   | pc:libelf       | libelf-dev          | elfutils-libelf-devel   | libelf          | elfutils-dev
build   | pc:ncursesw     | libncurses-dev      | ncurses-devel           | ncurses         | ncurses-dev
build   | pc:libmnl       | libmnl-dev          | libmnl-devel            | libmnl          | libmnl-dev
build   | pc:nettle       | nettle-dev          | nettle-devel            | nettle          | nettle-dev
build   | pc:libseccomp   | libseccomp-dev      | libseccomp-devel        | libseccomp      | libseccomp-dev
check   | pc:cmocka       | libcmocka-dev       | libcmocka-devel         | cmocka          | cmocka-dev
check   | cmd:prove       | perl                | perl-Test-Harness       | perl            | perl-utils
check   | cmd:tmux        | tmux                | tmux                    | tmux            | tmux
check   | cmd:python3     | python3             | python3                 | python          | python3
check   | py:pyte         | python3-pyte        | python3-pyte            | python-pyte     | py3-pyte
check   | py:pexpect      | python3-pexpect     | python3-pexpect         | python-pexpect  | py3-pexpect
check   | cmd:strace      | strace              | strace                  | strace          | strace
check   | cmd:gdb         | gdb                 | gdb                     | gdb             | gdb
check   | cmd:ps          | procps              | procps-ng               | procps-ng       | procps
check   | cmd:ip          | iproute2            | iproute                 | iproute2        | iproute2
check   | cmd:setpriv     | util-linux          | util-linux              | util-linux      | setpriv
check   | cmd:lsof        | lsof                | lsof                    | lsof            | lsof
check   | cmd:openssl     | openssl             | openssl                 | openssl         | openssl
check   | cmd:sqlite3     | sqlite3             | sqlite                  | sqlite          | sqlite
check   | cmd:redis-server | redis-server       | redis                   | redis           | redis
check   | cmd:nginx       | nginx               | nginx                   | nginx           | nginx
check   | cmd:curl        | curl                | curl                    | curl            | curl
check   | cmd:mkfs.btrfs  | btrfs-progs         | btrfs-progs             | btrfs-progs     | btrfs-progs
check   | cmd:mkfs.xfs    | xfsprogs            | xfsprogs                | xfsprogs        | xfsprogs
check   | cmd:fusermount3 | fuse3               | fuse3                   | fuse3           | fuse3
check   | pc:fuse3        | libfuse3-dev        | fuse3-devel             | fuse3           | fuse3-dev
more    | cmd:git         | git                 | git                     | git             | git
more    | cmd:lsfd        | util-linux-extra/util-linux | util-linux      | util-linux      | lsfd
more    | cmd:clang       | clang               | clang                   | clang           | clang
more    | fuzzer:clang    | libclang-rt-dev/libclang-rt-14-dev | compiler-rt | compiler-rt   | compiler-rt
more    | cmd:clang-format | clang-format       | clang-tools-extra       | clang           | clang-extra-tools
more    | cmd:clang-tidy  | clang-tidy          | clang-tools-extra       | clang           | clang-extra-tools
more    | cmd:cppcheck    | cppcheck            | cppcheck                | cppcheck        | cppcheck
more    | cmd:shellcheck  | shellcheck          | ShellCheck              | shellcheck      | shellcheck
more    | cmd:codespell   | codespell           | codespell               | codespell       | codespell
more    | cmd:ctags       | universal-ctags     | ctags                   | ctags           | ctags
more    | cmd:xz          | xz-utils            | xz                      | xz              | xz
endef
export DEPS
# Brought by those packages; they are to be run by tests, not at boot.
export SERVICES := nginx redis-server
deps = @PKG_CONFIG=$(PKG_CONFIG) PYTHON=$(PYTHON) sh tests/deps.sh $(1)

PKGS      := libelf ncursesw libmnl nettle libseccomp
CFLAGS    ?= -O2 -g
WARNINGS  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wvla -Wwrite-strings -Wformat=2 \
	-Wimplicit-fallthrough -Wundef -fno-common
WARNINGS  += $(if $(findstring clang,$(CC))$(SANITIZE),,-Wstack-usage=16384)
WARNINGS  += $(if $(DEVELOPER),-Werror)
SAN       := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)
find_pc    = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)
PC_CFLAGS := $(call find_pc,--cflags $(PKGS))
PC_LIBS   := $(call find_pc,--libs $(PKGS))
TEST_LIBS := $(call find_pc,--libs cmocka)
HASH_LIBS := $(call find_pc,--libs nettle)
ALL_CFLAGS  = -std=gnu11 $(WARNINGS) $(CFLAGS) $(SAN) -pthread -I. -D_GNU_SOURCE \
	$(CPPFLAGS) -DFILCH_VERSION='"$(VERSION)"' $(PC_CFLAGS)
ALL_LDFLAGS = $(CFLAGS) $(LDFLAGS) $(SAN) -pthread
export FLAGS_NOW := $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(PC_LIBS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

LIB_SRC  := $(wildcard src/*/*.c src/*/arch/*.c)
UI_SRC   := $(wildcard ui/*.c ui/cli/*.c ui/tui/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
HELP_SRC := $(wildcard tests/*.c tests/bench/*.c)
# The parts of build/tests/victim.
VICTIM_SRC := $(wildcard tests/victims/*.c)
C_FILES  := $(wildcard src/*/*.[ch] src/*/arch/*.[ch] ui/*.[ch] ui/*/*.[ch] \
	tests/*.[ch] tests/*/*.[ch] examples/*.[ch])
TESTS    := $(wildcard tests/kinds/*.t tests/cli/*.t tests/tui/*.t tests/*.t)
SOAKS    := $(wildcard tests/soak/*.t)
obj       = $(patsubst %.c,$(BUILD)/%.o,$(1))
ALL_OBJ  := $(call obj,$(LIB_SRC) $(UI_SRC) $(UNIT_SRC) $(HELP_SRC) $(VICTIM_SRC) $(FUZZ_SRC) \
	tests/fuzz/replay.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
FUZZ_BIN := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
REPLAYS  := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/replay/%,$(FUZZ_SRC))
HELP_BIN := $(patsubst %.c,$(BUILD)/%,$(HELP_SRC))
# Everything of the interface but main(), so that unit tests can link it.
UI_LIB_OBJ := $(filter-out $(BUILD)/ui/cli/main.o,$(call obj,$(UI_SRC)))

all: $(BUILD)/filch ## build the program

$(BUILD)/libfilch.a: $(call obj,$(LIB_SRC))
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/filch: $(call obj,$(UI_SRC)) $(BUILD)/libfilch.a
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(PC_LIBS)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(UI_LIB_OBJ) $(BUILD)/libfilch.a
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(PC_LIBS) $(TEST_LIBS)

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(UI_LIB_OBJ) $(BUILD)/libfilch.a
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PC_LIBS)

# The fuzzers' saved inputs as ordinary tests.
$(BUILD)/replay/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(UI_LIB_OBJ) \
		$(BUILD)/libfilch.a
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(PC_LIBS)

# Test helpers stand alone: a victim must not share a bug with the program.
$(HELP_BIN) $(call obj,$(HELP_SRC) $(VICTIM_SRC)): private SAN :=
$(BUILD)/tests/victim: $(call obj,$(VICTIM_SRC))
$(BUILD)/tests/bench/hash: private HELP_LIBS := $(HASH_LIBS)
$(HELP_BIN): $(BUILD)/%: $(BUILD)/%.o
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(HELP_LIBS) -lrt

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Changes when compiler, flags or libraries do, and everything is built again.
$(BUILD)/flags: FORCE
	@$(PKG_CONFIG) --exists --print-errors $(PKGS) || \
		{ echo "libraries are missing: 'make deps' installs them" >&2; exit 1; }
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_NOW" | cmp -s - $@ || printf '%s\n' "$$FLAGS_NOW" >$@

programs: all $(UNIT_BIN) $(REPLAYS) $(HELP_BIN) ## build program and tests, run nothing

deps: ## install what building and testing need
	$(call deps,build check)

deps-more: ## and what lint, fuzz and bench need
	$(call deps,build check more)

run: ## install what is missing, build, show a demonstration
	$(call deps,build)
	$(Q)+$(MAKE) all $(BUILD)/tests/demo
	$(Q)BUILD=$(BUILD) sh tests/demo.sh

check: ## install what is missing, build, run every test
	$(call deps,build check)
	$(Q)+$(MAKE) test

RUN_ENV = FILCH=$(abspath $(BUILD)/filch) BUILD=$(abspath $(BUILD)) PYTHON=$(PYTHON) \
	SANITIZE=$(SANITIZE) CMOCKA_MESSAGE_OUTPUT=TAP
PROVE   = prove $(if $(V),-v,-Q) -j$(JOBS) --exec tests/run

test: programs ## run the tests with what is installed; T="tests/cli/x.t ..." chooses
	$(Q)$(RUN_ENV) TEST_TIMEOUT=$(if $(SANITIZE),360,120) \
		$(PROVE) $(or $(T),$(UNIT_BIN) $(REPLAYS) $(TESTS))

soak: programs ## what takes longer: kill loops, random keys, fuzzing
	$(if $(SOAKS),$(Q)$(RUN_ENV) TEST_TIMEOUT=3600 prove -v --exec tests/run $(SOAKS))
	$(if $(FUZZ_SRC),$(Q)+$(MAKE) fuzz)

fuzz: ## fuzz every parser, FUZZ_TIME seconds each (needs clang)
	$(Q)+$(MAKE) fuzz-run BUILD=build-fuzz CC=$(CLANG) SANITIZE=address,undefined \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link'

fuzz-run: $(FUZZ_BIN)
	$(Q)sh tests/fuzz/run.sh $(FUZZ_TIME) $(FUZZ_BIN)

README_ENV = FILCH=$(abspath $(BUILD)/filch) BUILD=$(abspath $(BUILD))

readme: all $(BUILD)/tests/demo ## put what the program prints now into README.md
	$(Q)$(README_ENV) $(PYTHON) -B tests/readme/make.py README.md

screenshots: all $(BUILD)/tests/demo ## only its screens of the interface
	$(Q)$(README_ENV) $(PYTHON) -B tests/readme/make.py --screens README.md

readme-figures: programs ## and what make bench measures
	$(Q)$(MAKE) bench | $(README_ENV) $(PYTHON) -B tests/readme/make.py --figures README.md

bench: programs ## measure against lsof, lsfd, cp, openssl; BENCH=quick is shorter
	$(Q)$(RUN_ENV) BENCH=$(BENCH) $(PYTHON) tests/bench/bench.py

coverage: ## the lines that the tests reach, file by file
	$(Q)[ ! -d build-cov ] || find build-cov -name '*.gcda' -delete
	-$(Q)+$(MAKE) test BUILD=build-cov CFLAGS='-O0 -g --coverage'
	$(Q)sh tests/coverage.sh build-cov

lint: $(BUILD)/libfilch.a ## everything that reads the source and complains
	$(Q)BUILD=$(BUILD) PKG_CFLAGS="$(PC_CFLAGS)" sh tests/lint/run.sh $(L)

format: ## lay out the C source as .clang-format says
	$(Q)clang-format -i $(C_FILES)

# source:place under PREFIX:mode, one a word.
INSTALLED := $(BUILD)/filch:bin/filch:755 $(BUILD)/filch.1:share/man/man1/filch.1:644 \
	$(BUILD)/filch.bash:share/bash-completion/completions/filch:644

# Both come from the tables that the program itself goes by.
$(BUILD)/filch.1: $(BUILD)/filch
	$(call say,MAN,$@) $(BUILD)/filch help --man >$@

$(BUILD)/filch.bash: $(BUILD)/filch
	$(call say,BASH,$@) $(BUILD)/filch help --completion >$@

install: all $(BUILD)/filch.1 $(BUILD)/filch.bash ## install to PREFIX (below DESTDIR)
	$(Q)for i in $(INSTALLED); do IFS=:; set -- $$i; unset IFS; \
		install -D -m $$3 $$1 "$(DESTDIR)$(PREFIX)/$$2" || exit; done

uninstall: ## take it away again
	$(Q)for i in $(INSTALLED); do IFS=:; set -- $$i; unset IFS; \
		rm -f "$(DESTDIR)$(PREFIX)/$$2" || exit; done

dist: ## the committed source as build/filch-VERSION.tar.xz
	@mkdir -p $(BUILD)
	$(call say,DIST,$(BUILD)/filch-$(VERSION).tar.xz) set -e; \
		git archive --prefix=filch-$(VERSION)/ -o $(BUILD)/dist.tar HEAD; \
		xz -f $(BUILD)/dist.tar; mv $(BUILD)/dist.tar.xz $(BUILD)/filch-$(VERSION).tar.xz

clean: ## remove what was built
	$(Q)rm -rf build build-san build-fuzz build-cov build-clang

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo '  Variables: PREFIX DESTDIR CC CFLAGS LDFLAGS BUILD SANITIZE DEVELOPER V JOBS NO_INSTALL'

.PHONY: all programs deps deps-more run check test soak fuzz fuzz-run readme screenshots \
	readme-figures \
	bench coverage lint \
	format install uninstall dist clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(ALL_OBJ:.o=.d)
