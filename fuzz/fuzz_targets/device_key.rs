#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onway_fuzz::bodies::device_key(bytes));
