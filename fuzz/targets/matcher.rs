#![no_main]

#[path = "../checks/matcher.rs"]
mod matcher;

libfuzzer_sys::fuzz_target!(|data: &[u8]| matcher::check(data));
