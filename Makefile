# vedetta. On a bare Debian with a Rust toolchain: `make demo` shows it, `make test` tests it.
PREFIX ?= /usr/local
DESTDIR ?=
CARGO ?= cargo
TARGET = $(or $(CARGO_TARGET_DIR),target)
BIN = $(TARGET)/release/vedetta

bindir = $(PREFIX)/bin
mandir = $(PREFIX)/share/man/man1
bashdir = $(PREFIX)/share/bash-completion/completions
zshdir = $(PREFIX)/share/zsh/site-functions
fishdir = $(PREFIX)/share/fish/vendor_completions.d
unitdir = /etc/systemd/system
confdir = /etc/vedetta

.PHONY: help demo run build test lint bench bench-match bench-quick conformance audit install uninstall cc

help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

cc:
	@command -v cc >/dev/null || tests/prepare.sh cc

demo: cc ## Shows the whole line on sample feeds: no network, no set-up
	$(CARGO) build --quiet
	$(TARGET)/debug/vedetta demo

build: cc ## Builds the release binary
	$(CARGO) build --release

run: build ## Runs the daemon on config/vedetta.toml until Ctrl-C
	$(BIN) run --config config/vedetta.toml

test: ## Runs all tests; installs the real mail server and the tools that they use, where it may
	tests/prepare.sh
	$(CARGO) test

lint: ## Formatting, clippy and rustdoc, warnings denied
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --quiet

bench: cc ## Measures a full poll of 1,000 local feeds, how fast feeds are read, an edit among 100,000 topics, and a backtest
	$(CARGO) bench --bench poll --bench parse --bench edit --bench backtest

bench-match: build ## Measures matching on the folder DATA, and others on it where PEERS is their folder (and LUCENE that of its jars)
	benches/matching.py $(DATA) $(if $(PEERS),--peers $(PEERS)) $(if $(LUCENE),--lucene $(LUCENE))

bench-quick: cc ## The same, briefly, so that it can not rot
	FEEDS=50 ROUNDS=1 SECONDS=0.2 TOPICS=12000 $(CARGO) bench --bench poll --bench parse --bench edit
	ARTICLES=5000 TOPICS=500 $(CARGO) bench --bench backtest
	$(CARGO) build --quiet
	benches/extraction.py tests/pages --alone --goal 0.98 --vedetta $(TARGET)/debug/vedetta
	$(CARGO) build --release --quiet
	benches/matching.py --quick
	@bash -c 'time $(BIN) demo > /dev/null' 2>&1 | sed -n 's/^real/the demo takes/p'

conformance: cc ## Reads the feeds of other parsers' test suites, where they are at hand, and prints the share read as they ask
	$(CARGO) test --test it conformance:: -- --nocapture

audit: ## Advisories, licences, bans and sources of all dependencies (installs cargo-deny)
	command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	$(CARGO) deny check bans licenses sources
	$(CARGO) deny check advisories

install: ## Installs program, service, manual and completions below DESTDIR and PREFIX
	test -x $(BIN) || $(CARGO) build --release
	install -D -m 0755 $(BIN) $(DESTDIR)$(bindir)/vedetta
	install -d $(DESTDIR)$(mandir) $(DESTDIR)$(bashdir) $(DESTDIR)$(zshdir) $(DESTDIR)$(fishdir) $(DESTDIR)$(unitdir)
	$(BIN) man > $(DESTDIR)$(mandir)/vedetta.1
	$(BIN) completions bash > $(DESTDIR)$(bashdir)/vedetta
	$(BIN) completions zsh > $(DESTDIR)$(zshdir)/_vedetta
	$(BIN) completions fish > $(DESTDIR)$(fishdir)/vedetta.fish
	sed 's#/usr/bin/vedetta#$(bindir)/vedetta#g' systemd/vedetta.service > $(DESTDIR)$(unitdir)/vedetta.service
	install -d -m 0755 $(DESTDIR)$(confdir)
	install -d -m 0700 $(DESTDIR)$(confdir)/credentials
	test -e $(DESTDIR)$(confdir)/vedetta.toml || sed -e 's#sqlite:var/vedetta.db#sqlite:/var/lib/vedetta/vedetta.db#' -e 's#paths = \["rules"\]#paths = ["$(confdir)/rules"]#' config/vedetta.toml > $(DESTDIR)$(confdir)/vedetta.toml
	install -m 0644 config/vedetta.schema.json $(DESTDIR)$(confdir)/vedetta.schema.json
	test -e $(DESTDIR)$(confdir)/rules || cp -R rules $(DESTDIR)$(confdir)/rules
	@echo "Now edit $(confdir)/vedetta.toml, then: systemctl daemon-reload && systemctl enable --now vedetta"

uninstall: ## Removes what install put there; configuration, rules and database stay
	rm -f $(DESTDIR)$(bindir)/vedetta $(DESTDIR)$(mandir)/vedetta.1 $(DESTDIR)$(bashdir)/vedetta \
		$(DESTDIR)$(zshdir)/_vedetta $(DESTDIR)$(fishdir)/vedetta.fish $(DESTDIR)$(unitdir)/vedetta.service
