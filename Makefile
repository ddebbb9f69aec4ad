# make           the library
# make tool      the command-line tool, atlas; with `import` and `export` where libnetcdf is with its headers
# make demo      build the library and a simulation, run it, show what it stored
# make check     the tests that need no more than Rust, a C compiler and python3: under three minutes, once it is built
# make test      everything that must hold, in about half an hour; .ci/run is this
# make docs      the site, with the references of all languages, into build/docs; needs scripts/install-deps.sh
# make bench     six workloads beside NetCDF-4 and the machine's limits; PEERS=all: beside four others, too;
#                see benches/README.md
# make install   PREFIX=/usr/local DESTDIR= LIBDIR= INCLUDEDIR= DATADIR= BINDIR= DOCDIR=; the tool and
#                the site, too, if they are built
# make dist      a tarball that builds without the network
# make clean

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
BINDIR ?= $(PREFIX)/bin
DOCDIR ?= $(DATADIR)/doc/atlas_store
CARGO ?= cargo
CFLAGS ?= -O2 -g
INSTALL ?= install
LD ?= ld
OBJCOPY ?= objcopy

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOVERSION := $(shell echo $(VERSION) | sed 's/^\(0\.[0-9]*\)\..*/\1/; s/^\([1-9][0-9]*\)\..*/\1/')
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))/release
EXAMPLE_CFLAGS = -std=c99 -Wall -Wextra -Wpedantic $(CFLAGS) -Iinclude
EXAMPLE_LIBS = -Lbuild/lib -latlas_store -Wl,-rpath,$(abspath build/lib)

.PHONY: all library tool examples demo check test docs bench install install-tool install-docs dist clean

all: library

# The library under the names a linker and a loader look for.
library:
	$(CARGO) build --release --locked
	mkdir -p build/lib
	ln -sf $(TARGET)/libatlas_store.so build/lib/libatlas_store.so
	ln -sf $(TARGET)/libatlas_store.so build/lib/libatlas_store.so.$(SOVERSION)
	$(MAKE) --no-print-directory build/lib/libatlas_store.a

# One object in which only the C functions are global, so that a program may bring another zstd or another Rust library.
# The bitcode that Rust's standard library carries is of no use to a C linker, and an older LLVM plugin fails on it.
build/lib/libatlas_store.a: $(TARGET)/libatlas_store.a bindings/c/atlas_store.symbols
	rm -f $@
	$(LD) -r --whole-archive $< -o build/lib/atlas_store.o
	$(OBJCOPY) --strip-debug --remove-section .llvmbc --remove-section .llvmcmd \
	    --keep-global-symbols=bindings/c/atlas_store.symbols build/lib/atlas_store.o
	$(AR) rcs $@ build/lib/atlas_store.o
	rm build/lib/atlas_store.o

# nc-config is what the build asks where libnetcdf is.
tool:
	if pkg-config --exists netcdf && nc-config --version >/dev/null; then features=plot,netcdf; else features=plot; \
	    echo "there is no libnetcdf with its headers (pkg-config netcdf, nc-config): atlas import and export are left out"; \
	fi; $(CARGO) build --release --locked --features $$features --bin atlas
	mkdir -p build/bin
	ln -sf $(TARGET)/atlas build/bin/atlas

build/examples/%: examples/c/%.c include/atlas.h | library
	mkdir -p build/examples
	$(CC) $(EXAMPLE_CFLAGS) $< -o $@ $(EXAMPLE_LIBS) -lm

examples: build/examples/quickstart build/examples/shallow_water

demo: build/examples/shallow_water
	rm -rf build/demo.atlas
	build/examples/shallow_water --output build/demo.atlas
	@echo
	@echo "The files:"
	@cd build && find demo.atlas -type f -printf '%10s  %p\n' | sort -k 2

bench: library
	benches/run.sh build/lib $(if $(PEERS),--peers=$(PEERS))

# What takes minutes is left to `make test`: crashes at every instant, damage, hostile files, random sessions, schedules.
QUICK_TESTS := anew dimensions fixture generations header layering naming pins places resize statistics store symbols time

check: library
	$(CARGO) test --locked --quiet --lib $(addprefix --test ,$(QUICK_TESTS))
	ATLAS_TEST_VALGRIND=0 tests/c/run.sh build/lib version misuse roundtrip time processes forgets
	packaging/check.sh

docs: library
	scripts/docs.sh

test:
	scripts/install-deps.sh
	scripts/test.sh

# Installs what `make` built, so that root needs no Rust; builds only when nothing is there.
build/lib/libatlas_store.so:
	$(MAKE) --no-print-directory library

# What is installed finds the rest of it from where it is itself, so that the prefix can be moved.
CMAKEDIR := $(LIBDIR)/cmake/atlas_store
PKGCONFIGDIR := $(LIBDIR)/pkgconfig
relative = $(shell realpath -m --relative-to=$(1) $(2))
SUBSTITUTE = sed -e 's|@version@|$(VERSION)|' -e 's|@soversion@|$(SOVERSION)|' \
    -e 's|@cmake_to_libdir@|$(call relative,$(CMAKEDIR),$(LIBDIR))|' \
    -e 's|@cmake_to_includedir@|$(call relative,$(CMAKEDIR),$(INCLUDEDIR))|' \
    -e 's|@cmake_to_datadir@|$(call relative,$(CMAKEDIR),$(DATADIR))|' \
    -e 's|@pkgconfig_to_prefix@|$(call relative,$(PKGCONFIGDIR),$(PREFIX))|' \
    -e 's|@pkgconfig_to_includedir@|$(call relative,$(PKGCONFIGDIR),$(INCLUDEDIR))|' \
    -e 's|@pkgconfig_to_datadir@|$(call relative,$(PKGCONFIGDIR),$(DATADIR))|'

install: | build/lib/libatlas_store.so
	$(INSTALL) -d $(DESTDIR)$(PKGCONFIGDIR) $(DESTDIR)$(CMAKEDIR) $(DESTDIR)$(INCLUDEDIR) \
	    $(DESTDIR)$(DATADIR)/atlas_store/fortran/src $(DESTDIR)$(DATADIR)/atlas_store/fortran/mpi \
	    $(DESTDIR)$(DATADIR)/atlas_store/julia/src \
	    $(DESTDIR)$(DATADIR)/atlas_store/julia/ext
	$(INSTALL) -m 755 build/lib/libatlas_store.so $(DESTDIR)$(LIBDIR)/libatlas_store.so.$(VERSION)
	ln -sf libatlas_store.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libatlas_store.so.$(SOVERSION)
	ln -sf libatlas_store.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libatlas_store.so
	$(INSTALL) -m 644 build/lib/libatlas_store.a $(DESTDIR)$(LIBDIR)/libatlas_store.a
	$(INSTALL) -m 644 include/atlas.h bindings/cpp/include/atlas.hpp bindings/mpi/atlas_mpi.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 644 bindings/fortran/fpm.toml bindings/fortran/README.md $(DESTDIR)$(DATADIR)/atlas_store/fortran
	$(INSTALL) -m 644 bindings/fortran/src/*.f90 $(DESTDIR)$(DATADIR)/atlas_store/fortran/src
	$(INSTALL) -m 644 bindings/mpi/atlas_mpi_f.c bindings/mpi/atlas_mpi.f90 $(DESTDIR)$(DATADIR)/atlas_store/fortran/mpi
	$(INSTALL) -m 644 bindings/julia/Project.toml bindings/julia/README.md $(DESTDIR)$(DATADIR)/atlas_store/julia
	$(INSTALL) -m 644 bindings/julia/src/*.jl $(DESTDIR)$(DATADIR)/atlas_store/julia/src
	$(INSTALL) -m 644 bindings/julia/ext/*.jl $(DESTDIR)$(DATADIR)/atlas_store/julia/ext
	for file in pkgconfig/atlas_store.pc cmake/atlas_store/atlas_storeConfig.cmake \
	    cmake/atlas_store/atlas_storeConfigVersion.cmake; do \
	    $(SUBSTITUTE) bindings/c/$${file##*/}.in > $(DESTDIR)$(LIBDIR)/$$file && \
	    chmod 644 $(DESTDIR)$(LIBDIR)/$$file || exit 1; \
	done
	$(MAKE) --no-print-directory install-docs
	if [ -e build/bin/atlas ]; then $(MAKE) --no-print-directory install-tool; fi

# The pages as they lie in the sources, so that their links hold, and what they tell of.
DOCS = README.md CHANGELOG.md LICENSE LICENSE-APACHE LICENSE-MIT include/atlas.h bindings/cpp/include/atlas.hpp \
    bindings/python/src/atlas/virtualizarr.py \
    $(wildcard docs/*.md benches/*.md bindings/*.md bindings/*/README.md packaging/*.md) \
    $(wildcard examples/*.md examples/*/*.c examples/*/*.cpp examples/*/*.f90 examples/*/*.jl examples/*/*.py \
    examples/*/*.rs examples/*/*.sh)

install-docs:
	for file in $(DOCS); do \
	    $(INSTALL) -d $(DESTDIR)$(DOCDIR)/$$(dirname $$file) && \
	    $(INSTALL) -m $$(if [ -x $$file ]; then echo 755; else echo 644; fi) $$file $(DESTDIR)$(DOCDIR)/$$file || exit 1; \
	done
	if [ -e build/docs/index.html ]; then \
	    $(INSTALL) -d $(DESTDIR)$(DOCDIR) && cp -r build/docs $(DESTDIR)$(DOCDIR)/html; \
	fi

install-tool:
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(foreach folder,man/man1 bash-completion/completions zsh/site-functions \
	    fish/vendor_completions.d,$(DESTDIR)$(DATADIR)/$(folder))
	$(INSTALL) -s -m 755 build/bin/atlas $(DESTDIR)$(BINDIR)/atlas
	$(INSTALL) -m 644 docs/man/*.1 $(DESTDIR)$(DATADIR)/man/man1
	$(INSTALL) -m 644 docs/completions/atlas.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/atlas
	$(INSTALL) -m 644 docs/completions/_atlas $(DESTDIR)$(DATADIR)/zsh/site-functions/_atlas
	$(INSTALL) -m 644 docs/completions/atlas.fish $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/atlas.fish

dist:
	scripts/dist.sh build/atlas_store-$(VERSION).tar.gz

clean:
	$(CARGO) clean
	rm -rf build
