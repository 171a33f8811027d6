# esxbk - GNU make, no configure step.  "make help" lists the targets.
#
#   make V=1                show the commands
#   make CC=clang BUILD=build/clang      a second compiler beside the first
#   make CFLAGS="-O0 -g3"   CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are yours;
#                           what the project needs is kept apart from them
#   make WERROR=1           warnings are errors, as in CI
#   make install DESTDIR=/tmp/pkg PREFIX=/usr

VERSION := 0.1.0

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

# Everything generated lies below BUILD; another variant takes another BUILD.
BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
INSTALL ?= install
PKG_CONFIG ?= pkg-config
GO ?= go
FUZZ_TIME ?= 60
BENCH ?=
SANITIZE ?=

# --- libraries: pkg-config name and the Debian package that has it ---------

LIBRARIES := libcurl:libcurl4-openssl-dev libxml-2.0:libxml2-dev \
	openssl:libssl-dev jansson:libjansson-dev libdeflate:libdeflate-dev \
	zlib:zlib1g-dev
NO_LIBRARIES := clean help format install-deps dist uninstall
PC := $(foreach l,$(LIBRARIES),$(firstword $(subst :, ,$(l))))

ifneq ($(filter-out $(NO_LIBRARIES),$(or $(MAKECMDGOALS),all)),)
ifeq ($(shell command -v $(PKG_CONFIG)),)
$(error $(PKG_CONFIG) is missing: apt-get install pkg-config, or run scripts/install-deps)
endif
$(foreach l,$(LIBRARIES),$(if \
	$(shell $(PKG_CONFIG) --exists $(firstword $(subst :, ,$(l))) && echo y),,\
	$(error library $(firstword $(subst :, ,$(l))) is missing: apt-get install $(lastword $(subst :, ,$(l))), or run scripts/install-deps)))
PC_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PC))
PC_LIBS := $(shell $(PKG_CONFIG) --libs $(PC))
# probe FLAGS: the flags, if this compiler takes them without a warning.
probe = $(shell $(CC) -Werror -O2 $(1) -include stdlib.h -x c -c /dev/null \
	-o /dev/null 2>/dev/null && echo '$(1)')
endif

# --- flags ------------------------------------------------------------------

# No -Wconversion: its casts hide more than it finds.  Zero is the valid empty
# state of every value, so a shortened initialiser is meant.
GCC_WARN := $(call probe,-Wlogical-op -Wduplicated-cond)
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wformat=2 -Wundef -Wwrite-strings \
	-Wpointer-arith -Wsign-compare -Wimplicit-fallthrough -Wdate-time \
	-Wredundant-decls -Wcast-qual -Wno-missing-field-initializers \
	$(GCC_WARN) $(if $(WERROR),-Werror)

# The sanitizers check what FORTIFY checks and more, and do not go with it; it
# also needs optimisation, and some distributions define it already.
HARDEN := -fPIE -fstack-protector-strong \
	$(call probe,-fstack-clash-protection) $(call probe,-fcf-protection)
ifneq ($(SANITIZE),)
HARDEN += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -U_FORTIFY_SOURCE
else ifneq ($(filter -O1 -O2 -O3 -Os,$(CFLAGS)),)
HARDEN += -U_FORTIFY_SOURCE $(or $(call \
	probe,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2)
endif

# -iquote and not -I: lib/sys and lib/net must not hide <sys/file.h>, <net/if.h>.
ALL_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DESXBK_VERSION='"$(VERSION)"' -iquote lib $(PC_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 -pthread $(WARN) $(HARDEN) $(CFLAGS)
ALL_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack \
	-Wl,--as-needed $(LDFLAGS)
ALL_LDLIBS = $(PC_LIBS) $(LDLIBS)

# --- what there is to build: the tree is the list ---------------------------

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB := $(BUILD)/libesxbk.a
LIB_OBJ := $(call obj,$(wildcard lib/*/*.c))
TOOLS := $(patsubst cmd/%.c,%,$(wildcard cmd/esxbk-*.c))
# A folder in cmd/ is one binary with subcommands.
MULTI := $(patsubst cmd/%/main.c,%,$(wildcard cmd/esxbk-*/main.c))
BINS := $(addprefix $(BUILD)/bin/,$(TOOLS) $(MULTI))
# tell_*.c are the library's words for stories in tests/cli.
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/test/%,\
	$(wildcard tests/unit/test_*.c tests/unit/tell_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,\
	$(wildcard tests/fuzz/fuzz_*.c))
# The host of the tests is not ours to sanitize: all variants share one.
HOST := $(if $(wildcard tests/host/*.go),build/test/esxbk-host)
MAN := $(wildcard man/*.[1-8])

Q := $(if $(V),,@)
say = $(if $(V),,@printf '%-4s %s\n' '$(1)' '$(2)')

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all check check-asan check-valgrind lint format fuzz bench tests \
	fuzz-build install uninstall dist clean help install-deps FORCE

all: $(LIB) $(BINS) ## the library and the tools, into build/bin/
tests: all $(UNIT) $(HOST) ## and what the tests need

# Files that change only if their text does, so that other flags rebuild all
# objects and a removed source leaves the archive.  WERROR changes no object.
remember = mkdir -p $(@D) && printf '%s\n' '$(subst ','\'',$(1))' >$@.new && \
	{ cmp -s $@ $@.new && rm $@.new || mv $@.new $@; }
$(BUILD)/obj/flags: FORCE
	@$(call remember,$(CC) $(ALL_CPPFLAGS) $(filter-out -Werror,\
		$(ALL_CFLAGS)) $(ALL_LDFLAGS) $(ALL_LDLIBS))
$(BUILD)/obj/members: FORCE
	@$(call remember,$(LIB_OBJ))

$(BUILD)/obj/%.o: %.c $(BUILD)/obj/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJ) $(BUILD)/obj/members
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

link = mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ \
	$(filter %.o,$^) $(LIB) $(ALL_LDLIBS)
$(addprefix $(BUILD)/bin/,$(TOOLS)): $(BUILD)/bin/%: $(BUILD)/obj/cmd/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(link)

define multi_rule
$(BUILD)/bin/$(1): $(call obj,$(wildcard cmd/$(1)/*.c)) $(LIB)
	$$(call say,LD,$$@)
	$$(Q)$$(link)
endef
$(foreach m,$(MULTI),$(eval $(call multi_rule,$(m))))

$(UNIT): $(BUILD)/test/%: $(BUILD)/obj/tests/unit/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(link)

# Debian ships govmomi's sources under /usr/share/gocode, so the host builds
# without a network.
build/test/esxbk-host: $(shell find tests/host -name '*.go' 2>/dev/null)
	$(call say,GO,$@)
	@mkdir -p $(@D)
	$(Q)cd tests/host && GO111MODULE=off GOFLAGS= GOPATH=/usr/share/gocode \
		$(GO) build -o $(CURDIR)/$@ .

# --- tests ------------------------------------------------------------------

check: tests ## build everything and run all tests
	$(Q)BUILD=$(BUILD) tests/run $(TESTS)

check-asan: ## unit and CLI tests under ASan and UBSan
	$(Q)$(MAKE) --no-print-directory BUILD=build/asan \
		SANITIZE=address,undefined tests
	$(Q)BUILD=build/asan SANITIZE=1 tests/run -k unit -k cli $(TESTS)

check-valgrind: tests ## unit and CLI tests under valgrind
	$(Q)BUILD=$(BUILD) VALGRIND=1 tests/run -k unit -k cli $(TESTS)

lint: all ## format, static analysis, shell scripts, rules of the tree
	$(Q)BUILD=$(BUILD) scripts/lint

format: ## what the formatter decides
	$(Q)clang-format -i $(wildcard lib/*/*.[ch] cmd/*.[ch] cmd/*/*.[ch] \
		tests/unit/*.[ch] tests/fuzz/*.[ch])

fuzz: ## libFuzzer: FUZZ_TIME=60 seconds for each parser
	$(Q)$(MAKE) --no-print-directory CC=clang BUILD=build/fuzz \
		SANITIZE=fuzzer-no-link,address,undefined fuzz-build
	$(Q)FUZZ_TIME=$(FUZZ_TIME) scripts/fuzz $(TESTS)

fuzz-build: $(FUZZ)
$(FUZZ): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(link) -fsanitize=fuzzer

bench: all $(HOST) ## how fast, how much memory; BENCH=verify: that part
	$(Q)BUILD=$(BUILD) scripts/bench $(BENCH)

# --- install ----------------------------------------------------------------

# bash and fish look a completion up by the command's name: one file, and a
# link for each binary.
INSTALLED = $(addprefix $(BINDIR)/,$(TOOLS) $(MULTI)) \
	$(foreach m,$(MAN),$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
	$(addprefix $(BASHDIR)/,esxbk $(TOOLS) $(MULTI)) $(ZSHDIR)/_esxbk \
	$(addsuffix .fish,$(addprefix $(FISHDIR)/,esxbk $(TOOLS) $(MULTI)))

install: all ## below $(DESTDIR)$(PREFIX)
	$(Q)$(INSTALL) -d $(addprefix '$(DESTDIR)',$(BINDIR) $(BASHDIR) \
		$(ZSHDIR) $(FISHDIR))
	$(Q)$(if $(BINS),$(INSTALL) -m 755 $(BINS) '$(DESTDIR)$(BINDIR)/')
	$(Q)for m in $(MAN); do \
		$(INSTALL) -D -m 644 $$m \
		    "$(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}" || exit 1; \
	done
	$(Q)$(INSTALL) -m 644 completions/esxbk.bash '$(DESTDIR)$(BASHDIR)/esxbk'
	$(Q)$(INSTALL) -m 644 completions/esxbk.zsh '$(DESTDIR)$(ZSHDIR)/_esxbk'
	$(Q)$(INSTALL) -m 644 completions/esxbk.fish \
		'$(DESTDIR)$(FISHDIR)/esxbk.fish'
	$(Q)for t in $(TOOLS) $(MULTI); do \
		ln -sf esxbk "$(DESTDIR)$(BASHDIR)/$$t" && \
		ln -sf esxbk.fish "$(DESTDIR)$(FISHDIR)/$$t.fish" || exit 1; \
	done

uninstall: ## remove what install put there
	$(Q)rm -f $(addprefix '$(DESTDIR)',$(INSTALLED))

# git archive takes times from the commit and gzip -n adds none: the same
# commit gives the same bytes.
dist: ## build/esxbk-VERSION.tar.gz of the last commit
	$(Q)mkdir -p build
	$(Q)git archive --prefix=esxbk-$(VERSION)/ HEAD | \
		gzip -9n >build/esxbk-$(VERSION).tar.gz
	$(Q)cd build && sha256sum esxbk-$(VERSION).tar.gz

install-deps: ## what the build and the tests need (Debian, Ubuntu)
	$(Q)scripts/install-deps --build --test

clean: ## remove build/
	$(Q)rm -rf build $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 18

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
