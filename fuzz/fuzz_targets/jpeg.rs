//! libFuzzer over the target `jpeg`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    prairie_fuzz_targets::run("jpeg", data);
});
