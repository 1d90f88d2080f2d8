//! What the fuzzer calls: one function per parser, from bytes to an assertion.
//!
//! ```text
//!   corpus/NAME/* ─┬─ tests/smoke.rs: every seed, and some hundred mutations of each      (stable, part of the tests)
//!                  └─ fuzz_targets/NAME.rs: libFuzzer, as long as one likes               (cargo xtask fuzz NAME)
//!                            └──▶ Target::run(bytes) ─▶ the parser ─▶ what must hold whatever the bytes are
//! ```
//!
//! A [`Target`] is one line of [`TARGETS`]. It never asserts that bytes are accepted; it asserts what the parser promises in any
//! case: it returns, its counts reconcile, what it could not decode left no trace.
//!
//! What it does *not* do: it does not depend on libFuzzer, so that it is built and linted with the rest.
//!
//! **Invariant:** a target is a pure function of its input: no file, no clock, no state from call to call.

mod encodings;
mod folder;
mod ledgers;
mod pictures;
mod recordings;
mod texts;

pub use folder::{pack, unpack};

/// One parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name of its corpus and of its binary.
    pub name: &'static str,
    /// Feeds it.
    pub run: fn(&[u8]),
}

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    Target { name: "annexb", run: recordings::annexb },
    Target { name: "av1", run: pictures::av1 },
    Target { name: "bag", run: recordings::bag },
    Target { name: "blocks", run: recordings::blocks },
    Target { name: "cdr", run: encodings::cdr },
    Target { name: "checkpoint", run: ledgers::checkpoint },
    Target { name: "envelope", run: texts::envelope },
    Target { name: "h264", run: pictures::h264 },
    Target { name: "hdf5", run: recordings::hdf5 },
    Target { name: "idl", run: encodings::idl },
    Target { name: "jpeg", run: pictures::jpeg },
    Target { name: "jpegxl", run: pictures::jpegxl },
    Target { name: "json", run: encodings::json },
    Target { name: "lerobot", run: recordings::lerobot },
    Target { name: "mapping", run: texts::mapping },
    Target { name: "mcap", run: recordings::mcap },
    Target { name: "mp4", run: recordings::mp4 },
    Target { name: "png", run: pictures::png },
    Target { name: "profile", run: texts::profile },
    Target { name: "protobuf", run: encodings::protobuf },
    Target { name: "raw", run: pictures::raw },
    Target { name: "rlds", run: recordings::rlds },
    Target { name: "robot_model", run: texts::robot_model },
    Target { name: "ros1", run: encodings::ros1 },
    Target { name: "rosbag2", run: recordings::rosbag2 },
    Target { name: "rvl", run: pictures::rvl },
    Target { name: "station_log", run: texts::station_log },
    Target { name: "table", run: recordings::table },
    Target { name: "task_book", run: texts::task_book },
    Target { name: "tile", run: ledgers::tile },
    Target { name: "ulog", run: recordings::ulog },
    Target { name: "xr_teleoperate", run: recordings::xr_teleoperate },
    Target { name: "zarr", run: recordings::zarr },
];

/// Feeds `data` to the target of that name; false when there is none.
pub fn run(name: &str, data: &[u8]) -> bool {
    match TARGETS.iter().find(|target| target.name == name) {
        Some(target) => {
            (target.run)(data);
            true
        }
        None => false,
    }
}
