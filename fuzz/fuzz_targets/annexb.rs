//! libFuzzer over the target `annexb`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    prairie_fuzz_targets::run("annexb", data);
});
