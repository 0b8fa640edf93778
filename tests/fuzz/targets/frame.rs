//! One envelope: see `quorate_frame::fuzz::frame`.

#![no_main]

use quorate_fuzz as _;

libfuzzer_sys::fuzz_target!(|data: &[u8]| quorate_frame::fuzz::frame(data));
