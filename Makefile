# filch: one Makefile for the library, the program and the tests.
#
#   make            build            make check      every test
#   make run        demonstration    make help       the rest
#
# V=1 shows the commands, SANITIZE=address,undefined builds with the
# sanitizers (into a folder of its own), DEVELOPER=1 makes warnings errors.

CC         ?= gcc
AR         ?= ar
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3
PREFIX     ?= /usr/local
BUILD      ?= build$(if $(SANITIZE),-san)
VERSION    := 0.1.0

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

PKGS      := libelf ncursesw libmnl nettle
CFLAGS    ?= -O2 -g
WARNINGS  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wvla -Wwrite-strings -Wformat=2 \
	-Wimplicit-fallthrough -Wundef -fno-common
WARNINGS  += $(if $(findstring clang,$(CC)),,-Wstack-usage=16384)
WARNINGS  += $(if $(DEVELOPER),-Werror)
SAN       := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)
ALL_CFLAGS  = -std=gnu11 $(WARNINGS) $(CFLAGS) $(SAN) -pthread -I. -D_GNU_SOURCE \
	-DFILCH_VERSION='"$(VERSION)"' $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
ALL_LDFLAGS = $(LDFLAGS) $(SAN) -pthread
LIBS        = $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)
TEST_LIBS   = $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

LIB_SRC  := $(wildcard src/*/*.c)
UI_SRC   := $(wildcard ui/cli/*.c ui/tui/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
HELP_SRC := $(wildcard tests/*.c tests/bench/*.c)
# The parts of build/tests/victim.
VICTIM_SRC := $(wildcard tests/victims/*.c)
obj       = $(patsubst %.c,$(BUILD)/%.o,$(1))
ALL_OBJ  := $(call obj,$(LIB_SRC) $(UI_SRC) $(UNIT_SRC) $(HELP_SRC) $(VICTIM_SRC))
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
HELP_BIN := $(patsubst %.c,$(BUILD)/%,$(HELP_SRC))
# Everything of the interface but main(), so that unit tests can link it.
UI_LIB_OBJ := $(filter-out $(BUILD)/ui/cli/main.o,$(call obj,$(UI_SRC)))

all: $(BUILD)/filch ## build the program

$(BUILD)/libfilch.a: $(call obj,$(LIB_SRC))
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/filch: $(call obj,$(UI_SRC)) $(BUILD)/libfilch.a
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(UI_LIB_OBJ) $(BUILD)/libfilch.a
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(TEST_LIBS)

# Test helpers stand alone: a victim must not share a bug with the program.
$(BUILD)/tests/victim: $(call obj,$(VICTIM_SRC))
$(HELP_BIN): $(BUILD)/%: $(BUILD)/%.o
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ -lrt

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

programs: all $(UNIT_BIN) $(HELP_BIN) ## build everything, run nothing

check: programs ## run every test
	FILCH=$(abspath $(BUILD)/filch) BUILD=$(abspath $(BUILD)) PYTHON=$(PYTHON) \
	CMOCKA_MESSAGE_OUTPUT=TAP prove -Q $(if $(V),-v) \
	$(UNIT_BIN) $(wildcard tests/kinds/*.t tests/cli/*.t tests/tui/*.t)

clean: ## remove what was built
	$(Q)rm -rf build build-san

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: all programs check clean help
.DELETE_ON_ERROR:
.SECONDARY:
-include $(ALL_OBJ:.o=.d)
