# make demo      build the library and a simulation, run it, show what it stored
# make test      everything that must hold; .ci/run is this
# make install   PREFIX=/usr/local DESTDIR=
# make clean

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
CARGO ?= cargo
CFLAGS ?= -O2 -g
INSTALL ?= install

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOVERSION := $(shell echo $(VERSION) | sed 's/^\(0\.[0-9]*\)\..*/\1/; s/^\([1-9][0-9]*\)\..*/\1/')
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))/release
EXAMPLE_CFLAGS = -std=c99 -Wall -Wextra -Wpedantic $(CFLAGS) -Iinclude
EXAMPLE_LIBS = -Lbuild/lib -latlas_store -Wl,-rpath,$(abspath build/lib)

.PHONY: all library examples demo test install clean

all: library

$(TARGET)/libatlas_store.so:
	$(CARGO) build --release --locked

# The library under the names a linker and a loader look for.
library:
	$(CARGO) build --release --locked
	mkdir -p build/lib
	ln -sf $(TARGET)/libatlas_store.so build/lib/libatlas_store.so
	ln -sf $(TARGET)/libatlas_store.so build/lib/libatlas_store.so.$(SOVERSION)
	ln -sf $(TARGET)/libatlas_store.a build/lib/libatlas_store.a

build/examples/%: examples/c/%.c include/atlas.h | library
	mkdir -p build/examples
	$(CC) $(EXAMPLE_CFLAGS) $< -o $@ $(EXAMPLE_LIBS) -lm

build/examples/ingest_netcdf: examples/c/ingest_netcdf.c include/atlas.h | library
	mkdir -p build/examples
	$(CC) $(EXAMPLE_CFLAGS) $< -o $@ $(EXAMPLE_LIBS) $$(pkg-config --cflags --libs netcdf) -lm

examples: build/examples/quickstart build/examples/shallow_water build/examples/ingest_netcdf

demo: build/examples/shallow_water
	rm -rf build/demo.atlas
	build/examples/shallow_water --output build/demo.atlas
	@echo
	@echo "The files:"
	@cd build && find demo.atlas -type f -printf '%10s  %p\n' | sort -k 2

test:
	scripts/install-deps.sh
	scripts/test.sh

# Installs what is built; builds only when nothing is, so that root needs no Rust.
install: | $(TARGET)/libatlas_store.so
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 755 $(TARGET)/libatlas_store.so $(DESTDIR)$(LIBDIR)/libatlas_store.so.$(VERSION)
	ln -sf libatlas_store.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libatlas_store.so.$(SOVERSION)
	ln -sf libatlas_store.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libatlas_store.so
	$(INSTALL) -m 644 $(TARGET)/libatlas_store.a $(DESTDIR)$(LIBDIR)/libatlas_store.a
	$(INSTALL) -m 644 include/atlas.h $(DESTDIR)$(INCLUDEDIR)/atlas.h
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' \
	    -e 's|@version@|$(VERSION)|' bindings/c/atlas_store.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/atlas_store.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/atlas_store.pc

clean:
	$(CARGO) clean
	rm -rf build
