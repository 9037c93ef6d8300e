//! The network towards feeds: one guarded client, feed parsing, entry identity, polling cadence.

mod settings;

pub use settings::NetworkSettings;
