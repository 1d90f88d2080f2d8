//! libFuzzer over the target `cdr`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    prairie_fuzz_targets::run("cdr", data);
});
