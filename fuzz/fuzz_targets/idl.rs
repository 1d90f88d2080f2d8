//! libFuzzer over the target `idl`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    prairie_fuzz_targets::run("idl", data);
});
