//! What joins rooms, through the public surface. One binary; each module says what it is for.

#![expect(clippy::unwrap_used, reason = "a test that can't go on stops, helpers included")]

mod support;

/// The archive replayed through edited rules.
mod backtest;
/// Backups, and the drill of putting one back.
mod backup;
/// The command line, as a person and as a script would use it.
mod cli;
/// What scripts read from the command line.
mod cli_json;
/// Golden files: what `check` says about each kind of mistake in a configuration.
mod config_diagnostics;
/// Feeds of other parsers' suites, and from the wild, read as those suites ask.
mod conformance;
/// Every promise of `vedetta::store::Store`, on real SQLite files.
mod contract;
/// Other products' queries as rules.
mod convert;
/// kill -9 at random moments: nothing is lost.
mod crash;
/// The demo's bundled feeds, read and judged.
mod demo_feeds;
/// Finding a site's feeds.
mod discover;
mod disk_full;
/// Edits of single rule files among very many.
mod edited_rules;
/// The two evaluators of the rule language against each other.
mod evaluators;
/// Explanations, rule tests, filters and JSON lines.
mod explain;
/// Article pages from the wild.
mod extraction;
/// Feeds that go dark, move, fall silent or run over, and what is told of them.
mod feed_health;
/// What `vedetta feed list` says of feeds that are well and of those that are not.
mod feed_list;
/// Feeds of every format, encoding and kind of damage.
mod feeds;
/// The guarded HTTP client against honest, clumsy and hostile servers.
mod fetch_client;
/// The guide for a first topic: its commands print what it says.
mod first_topic;
mod flood;
/// The fuzzer's corpus, replayed without it.
mod fuzz_corpus;
/// Messages that wait for their next attempt.
mod held_up;
/// Articles and lines made to hurt the matcher.
mod hostile_articles;
/// Rule files made to hurt: a result or an error, within bounds.
mod hostile_rules;
/// The rule language on real sentences, through both evaluators.
mod language;
/// The lexicon: every form of every concept in every language, and what only looks like one.
mod ledger;
mod lexicon;
/// A feed in, a mail and a webhook out.
mod line;
/// The matching workload against the matches that other engines find.
mod matching;
/// Mail, as a mail server gets it.
mod notify_email;
/// Webhooks, as an endpoint gets them.
mod notify_webhook;
/// Pages without a feed.
mod pages;
/// The publisher's address behind an aggregator's link.
mod publishers;
/// Mail through Debian's Postfix, over TLS.
mod real_smtp;
/// Edits while running, good and bad.
mod reload;
/// Golden files: what `check` says about each kind of mistake in rule files.
mod routes;
mod rule_diagnostics;
/// The reference of the rule language: every example in it holds.
mod rule_reference;
/// The JSON Schemas against the readers.
mod schema;
/// The unit file, readiness, watchdog and stopping.
mod service;
/// The rules in `rules/`: they load without a word and their tests hold.
mod shipped_rules;
/// Sitemaps as documents and as sources.
mod sitemaps;
/// Health, readiness and metrics, asked for over a real socket.
mod watch;
mod web;
/// Subscriptions at hubs, and what hubs push.
mod websub;
