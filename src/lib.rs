//! vedetta (Italian: *lookout*) polls news feeds, matches every article against the topics that a person
//! wrote down in rule files, and sends one e-mail or webhook per story that matters.
//!
//! # The line
//!
//! ```text
//! poll:    claim feeds due → fetch → parse → know what is new → judge → COMMIT (articles, matches, stories, alerts, deliveries)
//! judge:   claim fresh articles (full text still to be fetched) → fetch page → judge → COMMIT (the same)
//! deliver: claim deliveries due → render → send → COMMIT (sent | due again | failed)
//! ```
//!
//! The database is the queue: nothing in memory is ever the only copy of a promise. Ids are derived from natural
//! keys, so the same work done twice changes nothing, and every message carries the same id on every attempt.
//!
//! # The floors
//!
//! Imports point down only; `tests/floors.rs` checks it.
//!
//! `model < text, settings, network < rule, story, alert < store, fetch, notify < config, telemetry < pipeline, web, backtest
//! < daemon < demo < cli`
//!
//! # The nouns
//!
//! A **feed** is polled and yields **entries**; an entry that was not known becomes an **article**. A **topic** is
//! a rule written by a person; an article that satisfies it is a **match**, with **evidence**. Articles of one topic
//! that tell the same thing form a **story**. A story worth a message becomes an **alert**; **routes** say to which
//! **channels** it goes, each message to one recipient is a **delivery**, and all due deliveries are the **outbox**.
//!
//! Start reading at [`pipeline`].

pub mod alert;
pub mod backtest;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod fetch;
pub mod model;
pub mod network;
pub mod notify;
pub mod pipeline;
pub mod rule;
pub mod settings;
pub mod store;
pub mod story;
pub mod telemetry;
pub mod text;
pub mod web;
