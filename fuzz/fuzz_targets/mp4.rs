//! libFuzzer over the target `mp4`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    prairie_fuzz_targets::run("mp4", data);
});
