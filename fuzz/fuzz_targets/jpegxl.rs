//! libFuzzer over the target `jpegxl`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    // libFuzzer's own hook aborts at every panic, also one that a parser catches; without it those that come out abort.
    init: drop(std::panic::take_hook()),
    |data: &[u8]| {
        prairie_fuzz_targets::run("jpegxl", data);
    }
);
