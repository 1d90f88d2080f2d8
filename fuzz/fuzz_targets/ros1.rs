//! libFuzzer over the target `ros1`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    prairie_fuzz_targets::run("ros1", data);
});
