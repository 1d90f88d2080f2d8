//! libFuzzer over the target `png`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    prairie_fuzz_targets::run("png", data);
});
