#![no_main]

#[path = "../checks/analyser.rs"]
mod analyser;

libfuzzer_sys::fuzz_target!(|data: &[u8]| analyser::check(data));
