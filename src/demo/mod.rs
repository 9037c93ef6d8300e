//! `vedetta demo`: the whole line on bundled feeds and local servers.
