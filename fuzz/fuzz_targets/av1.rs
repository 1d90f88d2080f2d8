//! libFuzzer over the target `av1`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    prairie_fuzz_targets::run("av1", data);
});
