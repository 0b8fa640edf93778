//! A stream of envelopes, plain or in segments: see `quorate_frame::fuzz::frame_sequence`.

#![no_main]

use quorate_fuzz as _;

libfuzzer_sys::fuzz_target!(|data: &[u8]| quorate_frame::fuzz::frame_sequence(data));

// No mutation hits a checksum. Three in four inputs get right ones, so that what stands behind
// them is reached; the rest are for the reader that checks.
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    if !seed.is_multiple_of(4)
        && let Some(mutated) = data.get_mut(..size)
    {
        quorate_frame::fuzz::mend_checksums(mutated);
    }
    size
});
