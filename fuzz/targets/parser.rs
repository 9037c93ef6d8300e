#![no_main]

#[path = "../checks/parser.rs"]
mod parser;

libfuzzer_sys::fuzz_target!(|data: &[u8]| parser::check(data));
