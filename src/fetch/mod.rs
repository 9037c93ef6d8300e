//! The network towards feeds: one guarded client, feed parsing, entry identity, polling cadence.
